"""What each finding of a fundus photograph is, how it looks there, and the usual next step with the guideline that says so."""

_CITES = {
    "normal": "AAO Preferred Practice Pattern: Comprehensive Adult Medical Eye Evaluation",
    "diabetic_retinopathy": "ICO Guidelines for Diabetic Eye Care (2017); AAO Preferred Practice Pattern: Diabetic Retinopathy",
    "glaucoma": "NICE guideline NG81: Glaucoma: diagnosis and management; European Glaucoma Society: Terminology and Guidelines for "
    "Glaucoma, 5th edition (2020)",
    "cataract": "NICE guideline NG77: Cataracts in adults: management; AAO Preferred Practice Pattern: Cataract in the Adult Eye",
    "amd": "AAO Preferred Practice Pattern: Age-Related Macular Degeneration; NICE guideline NG82: Age-related macular degeneration",
    "hypertension": "2024 ESC Guidelines for the management of elevated blood pressure and hypertension; grading: Wong and Mitchell, "
    "N Engl J Med 2004;351:2310–7",
    "myopia": "IMI Pathologic Myopia (Ohno-Matsui et al., Invest Ophthalmol Vis Sci 2021;62(5):5); grading: META-PM (Ohno-Matsui et al., "
    "Am J Ophthalmol 2015;159:877–83)",
}
_cites = {f"disease.{label}.cite": text for label, text in _CITES.items()}

EN = {
    "short.normal": "No finding",
    "short.diabetic_retinopathy": "Diabetic retinopathy",
    "short.glaucoma": "Glaucoma",
    "short.cataract": "Cataract",
    "short.amd": "AMD",
    "short.hypertension": "Hypertensive retinopathy",
    "short.myopia": "Pathologic myopia",
    "disease.normal.name": "No finding that this model knows",
    "disease.normal.what": "The photograph looks like one of a healthy fundus. Findings outside the picture, too small for it, or that the "
    "model does not know, are not ruled out.",
    "disease.normal.looks": "A disc with a clear rim, vessels of even width, a fovea darker than its surroundings; no bleeding, deposits or "
    "scars.",
    "disease.normal.next": "Routine eye examination at the interval that age and risk call for. Somebody with diabetes keeps to the screening "
    "interval; symptoms are looked into all the same.",
    "disease.diabetic_retinopathy.name": "Diabetic retinopathy",
    "disease.diabetic_retinopathy.what": "Damage of the retina's small vessels in diabetes. The model says that it is there; it does not "
    "grade it.",
    "disease.diabetic_retinopathy.looks": "Microaneurysms (red dots), blot haemorrhages, yellow hard exudates, cotton-wool spots; in later "
    "stages beaded veins and new vessels.",
    "disease.diabetic_retinopathy.next": "Dilated examination by an ophthalmologist, who grades it and looks for macular oedema, often with "
    "OCT; the grade decides how soon. New vessels, vitreous bleeding or falling sight: urgently. Blood sugar, blood pressure and lipids are "
    "reviewed with the physician.",
    "disease.glaucoma.name": "Glaucoma (by the look of the disc)",
    "disease.glaucoma.what": "A disease of the optic nerve with loss of its fibres, often at raised eye pressure. A photograph shows the disc "
    "only: it raises a suspicion and cannot settle it.",
    "disease.glaucoma.looks": "A large or deep cup, a rim that is thin or notched above or below, a haemorrhage at the disc's edge, a dark "
    "wedge where nerve fibres are missing. Large healthy discs have large cups too.",
    "disease.glaucoma.next": "Referral for eye pressure, corneal thickness, gonioscopy, visual field and OCT of the nerve; only these together "
    "make or dismiss the diagnosis. Pain, a red eye or sudden loss of sight: at once.",
    "disease.cataract.name": "Cataract",
    "disease.cataract.what": "A clouded lens. The model sees that the picture is veiled, not the lens itself.",
    "disease.cataract.looks": "The whole picture is hazy, often yellowish; disc and vessels are pale or hidden. A small pupil, vitreous haze or "
    "a photograph out of focus look much the same.",
    "disease.cataract.next": "Slit-lamp examination to see the lens; take the photograph again where focus or pupil may be the cause. Whether to "
    "operate depends on how sight and daily life are affected, not on the picture.",
    "disease.amd.name": "Age-related macular degeneration",
    "disease.amd.what": "A disease of the macula in later life: deposits (drusen), loss of pigment epithelium, or new vessels that leak or bleed.",
    "disease.amd.looks": "Yellow drusen at the macula, changes of pigment, sharply bordered pale atrophy; blood, fluid or scar in the "
    "neovascular form.",
    "disease.amd.next": "Examination and staging by an ophthalmologist, with OCT of the macula: drop it on the OCT page. Bent lines or a sudden "
    "loss of sight: within days. Talk about smoking, nutrition and self-monitoring.",
    "disease.hypertension.name": "Hypertensive retinopathy",
    "disease.hypertension.what": "What high blood pressure does to the retina's vessels. The mild signs are common in healthy older people too, "
    "and the model learned from few such photographs.",
    "disease.hypertension.looks": "Narrow arterioles, veins nipped where arteries cross them, a copper sheen; in moderate disease flame "
    "haemorrhages, cotton-wool spots and hard exudates; a swollen disc in the malignant form.",
    "disease.hypertension.next": "Measure the blood pressure, repeatedly, and review it with the physician. Haemorrhages, cotton-wool spots or a "
    "swollen disc with a very high pressure are an emergency: the same day.",
    "disease.myopia.name": "Pathologic myopia",
    "disease.myopia.what": "Changes at the back of an eye that has grown too long: a stretched, thinned retina and choroid. Short sight alone is "
    "not this.",
    "disease.myopia.looks": "Choroidal vessels showing through, a crescent at the disc, diffuse or patchy pale atrophy, fine lacquer cracks, a dark "
    "Fuchs spot.",
    "disease.myopia.next": "Examination of the macula and, through a wide pupil, of the periphery; OCT for traction and new vessels, measurement "
    "of the eye's length. Bent lines, flashes or new floaters: promptly.",
    **_cites,
}

ZH = {
    "short.normal": "未见异常",
    "short.diabetic_retinopathy": "糖尿病视网膜病变",
    "short.glaucoma": "青光眼",
    "short.cataract": "白内障",
    "short.amd": "黄斑变性",
    "short.hypertension": "高血压性视网膜病变",
    "short.myopia": "病理性近视",
    "disease.normal.name": "未见本模型所识别的异常",
    "disease.normal.what": "照片与健康眼底相似。不能排除照片范围以外、过于细小或模型不认识的病变。",
    "disease.normal.looks": "视盘盘沿清晰，血管粗细均匀，中心凹较周围深；无出血、沉积或瘢痕。",
    "disease.normal.next": "按年龄和风险定期进行眼科检查。糖尿病患者按筛查间隔复查；如有症状仍应就诊。",
    "disease.diabetic_retinopathy.name": "糖尿病视网膜病变",
    "disease.diabetic_retinopathy.what": "糖尿病对视网膜小血管的损害。模型只指出其存在，不作分级。",
    "disease.diabetic_retinopathy.looks": "微动脉瘤（红点）、斑片状出血、黄色硬性渗出、棉绒斑；晚期可见静脉串珠和新生血管。",
    "disease.diabetic_retinopathy.next": "由眼科医生散瞳检查并分级，同时查找黄斑水肿，常需 OCT；分级决定复查时间。出现新生血管、玻璃体出血或视力下降时应紧急就诊。与内科医生一起复查血糖、血压和血脂。",
    "disease.glaucoma.name": "青光眼（依视盘外观）",
    "disease.glaucoma.what": "视神经纤维丢失的疾病，常伴眼压升高。照片仅显示视盘：可提出怀疑，不能定论。",
    "disease.glaucoma.looks": "视杯大或深，上方或下方盘沿变薄或有切迹，盘缘出血，神经纤维缺失处呈暗色楔形。健康的大视盘也有大视杯。",
    "disease.glaucoma.next": "转诊检查眼压、角膜厚度、前房角、视野和视神经 OCT；综合判断才能确诊或排除。眼痛、眼红或视力骤降时立即就诊。",
    "disease.cataract.name": "白内障",
    "disease.cataract.what": "晶状体混浊。模型看到的是照片蒙雾，而非晶状体本身。",
    "disease.cataract.looks": "整幅照片朦胧，常偏黄；视盘和血管变淡或看不清。小瞳孔、玻璃体混浊或对焦不准的照片也很相似。",
    "disease.cataract.next": "裂隙灯检查晶状体；若可能由对焦或瞳孔引起，请重新拍摄。是否手术取决于视力和日常生活受影响的程度，而非照片。",
    "disease.amd.name": "年龄相关性黄斑变性",
    "disease.amd.what": "老年人的黄斑疾病：沉积物（玻璃膜疣）、色素上皮丢失，或渗漏、出血的新生血管。",
    "disease.amd.looks": "黄斑区黄色玻璃膜疣、色素改变、边界清楚的淡色萎缩；新生血管型可见出血、积液或瘢痕。",
    "disease.amd.next": "由眼科医生检查并分期，做黄斑 OCT：可将其拖入 OCT 页。视直线变弯或视力骤降时数日内就诊。讨论戒烟、营养和自我监测。",
    "disease.hypertension.name": "高血压性视网膜病变",
    "disease.hypertension.what": "高血压对视网膜血管的影响。轻度征象在健康老年人中也常见，且模型学习的此类照片很少。",
    "disease.hypertension.looks": "小动脉变窄、动静脉交叉压迫、铜丝样反光；中度可见火焰状出血、棉绒斑和硬性渗出；恶性者视盘水肿。",
    "disease.hypertension.next": "多次测量血压并与内科医生一起评估。血压极高且有出血、棉绒斑或视盘水肿属急症：当天就诊。",
    "disease.myopia.name": "病理性近视",
    "disease.myopia.what": "眼轴过长引起的眼底改变：视网膜和脉络膜被拉伸、变薄。单纯近视不属于此类。",
    "disease.myopia.looks": "脉络膜血管透见、视盘弧形斑、弥漫或片状淡色萎缩、细小漆裂纹、深色 Fuchs 斑。",
    "disease.myopia.next": "检查黄斑，并散瞳检查周边视网膜；用 OCT 查找牵拉和新生血管，测量眼轴长度。视直线变弯、闪光或新的飞蚊时尽快就诊。",
    **_cites,
}
