"""What the pages share: sign-in, the scan viewer, charts, words. Streamlit lives here and in pages/ only."""
