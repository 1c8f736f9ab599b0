"""What each finding is, how it looks on OCT, and the usual next step with the guideline that says so."""

_AAO_AMD = "AAO Preferred Practice Pattern: Age-Related Macular Degeneration"
_AAO_DR = "AAO Preferred Practice Pattern: Diabetic Retinopathy"
_AAO_MH = "AAO Preferred Practice Pattern: Idiopathic Macular Hole"
_AAO_ERM = "AAO Preferred Practice Pattern: Idiopathic Epiretinal Membrane and Vitreomacular Traction"
_AAO_RVO = "AAO Preferred Practice Pattern: Retinal Vein Occlusions"
_AAO_EYE = "AAO Preferred Practice Pattern: Comprehensive Adult Medical Eye Evaluation"

_CITES = {
    "NORMAL": _AAO_EYE, "DRUSEN": _AAO_AMD, "CNV": _AAO_AMD, "AMD": _AAO_AMD, "DME": _AAO_DR,
    "MH": _AAO_MH, "ERM": _AAO_ERM, "VID": _AAO_ERM, "RVO": _AAO_RVO,
}  # fmt: skip
_cites = {f"disease.{label}.cite": text for label, text in _CITES.items()}

EN = {
    "disease.NORMAL.name": "No finding that this model knows",
    "disease.NORMAL.what": "The macula looks like a healthy one. Findings outside the scan, or that the model does not know, are not ruled out.",
    "disease.NORMAL.looks": "A smooth foveal pit, evenly layered retina, an unbroken outer line of photoreceptors and pigment epithelium.",
    "disease.NORMAL.next": "Routine eye examination at the interval that age and risk call for; symptoms are looked into all the same.",
    "disease.DRUSEN.name": "Drusen (early or intermediate AMD)",
    "disease.DRUSEN.what": "Deposits beneath the retinal pigment epithelium; large ones are the sign of intermediate age-related macular "
    "degeneration.",
    "disease.DRUSEN.looks": "Rounded bumps that lift the pigment epithelium from the flat line of Bruch's membrane, without fluid.",
    "disease.DRUSEN.next": "Examination of both eyes and staging by an ophthalmologist; talk about smoking, nutrition and self-monitoring; "
    "prompt review when straight lines look bent.",
    "disease.CNV.name": "Choroidal neovascularisation (wet AMD)",
    "disease.CNV.what": "New vessels from the choroid that leak or bleed into or under the retina, most often in age-related macular "
    "degeneration.",
    "disease.CNV.looks": "A raised or broken pigment epithelium, reflective material above or below it, with fluid in or under the retina.",
    "disease.CNV.next": "Prompt referral to a retina specialist: in active disease earlier treatment keeps more sight. Dye or OCT angiography "
    "is often used to confirm.",
    "disease.AMD.name": "Age-related macular degeneration (family)",
    "disease.AMD.what": "The family of drusen and choroidal neovascularisation; its probability is the sum of theirs.",
    "disease.AMD.looks": "Changes at the pigment epithelium: drusen, new vessels, atrophy.",
    "disease.AMD.next": "Staging by an ophthalmologist; prompt referral where fluid is present.",
    "disease.DME.name": "Diabetic macular oedema",
    "disease.DME.what": "Fluid and swelling of the macula from leaking vessels in diabetes.",
    "disease.DME.looks": "Dark cysts within a thickened retina, bright dots of exudate, sometimes fluid under the fovea.",
    "disease.DME.next": "Ophthalmologist's examination: whether the centre is involved and the visual acuity decide between watching and "
    "treating; the diabetes, blood pressure and lipids are reviewed with the physician.",
    "disease.MH.name": "Macular hole",
    "disease.MH.what": "An opening through the retina at the fovea, most often from the pull of the vitreous.",
    "disease.MH.looks": "A gap in the foveal retina, often with raised, cystic edges and sometimes a lid above it.",
    "disease.MH.next": "Referral to a vitreoretinal surgeon; the size and the age of the hole decide how soon and what is offered.",
    "disease.ERM.name": "Epiretinal membrane",
    "disease.ERM.what": "A thin scar-like membrane on the retina's inner surface that can wrinkle and thicken the macula.",
    "disease.ERM.looks": "A bright line on the inner surface, with folds beneath it and a flattened or lost foveal pit.",
    "disease.ERM.next": "Watching while sight is good; a vitreoretinal opinion when distortion or loss of acuity troubles the patient.",
    "disease.RVO.name": "Retinal vein occlusion",
    "disease.RVO.what": "A blocked retinal vein, with oedema of the macula behind it.",
    "disease.RVO.looks": "Cysts and thickening, often on one side of the fovea, with reflective inner layers and fluid under the retina.",
    "disease.RVO.next": "Prompt ophthalmologist's examination for oedema and ischaemia; blood pressure and vascular risk are checked "
    "with the physician.",
    "disease.VID.name": "Vitreomacular interface disease",
    "disease.VID.what": "The vitreous pulls at the macula where it has not let go of it (traction), or its partial detachment distorts it.",
    "disease.VID.looks": "A fine line of the vitreous attached at the fovea, which is drawn upwards or split.",
    "disease.VID.next": "Follow-up with OCT, since many release by themselves; a vitreoretinal opinion when sight falls or a hole begins.",
    "disease.CSR.name": "Central serous chorioretinopathy",
    "disease.DR.name": "Diabetic retinopathy without oedema",
    "disease.RAO.name": "Retinal artery occlusion",
    **_cites,
}

ZH = {
    "disease.NORMAL.name": "未见本模型所识别的异常",
    "disease.NORMAL.what": "黄斑外观与健康黄斑相似。不能排除扫描范围以外或模型不认识的病变。",
    "disease.NORMAL.looks": "中心凹平滑，视网膜分层均匀，外层光感受器与色素上皮的亮线连续。",
    "disease.NORMAL.next": "按年龄和风险定期进行眼科检查；如有症状仍应就诊。",
    "disease.DRUSEN.name": "玻璃膜疣（早期或中期 AMD）",
    "disease.DRUSEN.what": "视网膜色素上皮下的沉积物；较大的玻璃膜疣是中期年龄相关性黄斑变性的标志。",
    "disease.DRUSEN.looks": "色素上皮呈圆形隆起，离开平直的 Bruch 膜，无积液。",
    "disease.DRUSEN.next": "由眼科医生检查双眼并分期；讨论戒烟、营养和自我监测；视直线变弯时尽快复诊。",
    "disease.CNV.name": "脉络膜新生血管（湿性 AMD）",
    "disease.CNV.what": "来自脉络膜的新生血管向视网膜内或视网膜下渗漏或出血，最常见于年龄相关性黄斑变性。",
    "disease.CNV.looks": "色素上皮隆起或中断，其上或其下有高反射物质，伴视网膜内或视网膜下积液。",
    "disease.CNV.next": "尽快转诊视网膜专科：活动性病变越早治疗，保留的视力越多。常用造影或 OCT 血管成像确认。",
    "disease.AMD.name": "年龄相关性黄斑变性（大类）",
    "disease.AMD.what": "包括玻璃膜疣与脉络膜新生血管；其概率为两者之和。",
    "disease.AMD.looks": "色素上皮层的改变：玻璃膜疣、新生血管、萎缩。",
    "disease.AMD.next": "由眼科医生分期；有积液时尽快转诊。",
    "disease.DME.name": "糖尿病性黄斑水肿",
    "disease.DME.what": "糖尿病血管渗漏引起的黄斑积液和肿胀。",
    "disease.DME.looks": "增厚的视网膜内有暗色囊腔和点状高反射渗出，有时中心凹下有积液。",
    "disease.DME.next": "眼科医生检查：是否累及中心以及视力决定观察或治疗；与内科医生一起复查血糖、血压和血脂。",
    "disease.MH.name": "黄斑裂孔",
    "disease.MH.what": "中心凹处视网膜的全层缺损，多由玻璃体牵拉所致。",
    "disease.MH.looks": "中心凹视网膜中断，边缘常隆起并有囊腔，有时上方可见孔盖。",
    "disease.MH.next": "转诊玻璃体视网膜外科；裂孔的大小和病程决定时机与方案。",
    "disease.ERM.name": "视网膜前膜",
    "disease.ERM.what": "视网膜内表面的薄层瘢痕样膜，可使黄斑起皱、增厚。",
    "disease.ERM.looks": "内表面的高反射线，其下有皱褶，中心凹变平或消失。",
    "disease.ERM.next": "视力良好时观察；出现变形或视力下降时咨询玻璃体视网膜医生。",
    "disease.RVO.name": "视网膜静脉阻塞",
    "disease.RVO.what": "视网膜静脉阻塞并引起黄斑水肿。",
    "disease.RVO.looks": "囊腔和增厚，常偏于中心凹一侧，内层反射增强，可伴视网膜下积液。",
    "disease.RVO.next": "尽快由眼科医生检查水肿和缺血情况；与内科医生一起检查血压和血管风险。",
    "disease.VID.name": "玻璃体黄斑界面疾病",
    "disease.VID.what": "玻璃体未完全脱离而牵拉黄斑，或其部分脱离使黄斑变形。",
    "disease.VID.looks": "附着于中心凹的细线状玻璃体，中心凹被向上牵拉或劈裂。",
    "disease.VID.next": "用 OCT 随访，许多可自行松解；视力下降或出现裂孔时咨询玻璃体视网膜医生。",
    "disease.CSR.name": "中心性浆液性脉络膜视网膜病变",
    "disease.DR.name": "无水肿的糖尿病视网膜病变",
    "disease.RAO.name": "视网膜动脉阻塞",
    **_cites,
}
