"""The countries that forms offer, and what kind of tax id a business has in each."""

EU = {
    "AT": "Austria",
    "BE": "Belgium",
    "BG": "Bulgaria",
    "HR": "Croatia",
    "CY": "Cyprus",
    "CZ": "Czechia",
    "DK": "Denmark",
    "EE": "Estonia",
    "FI": "Finland",
    "FR": "France",
    "DE": "Germany",
    "GR": "Greece",
    "HU": "Hungary",
    "IE": "Ireland",
    "IT": "Italy",
    "LV": "Latvia",
    "LT": "Lithuania",
    "LU": "Luxembourg",
    "MT": "Malta",
    "NL": "Netherlands",
    "PL": "Poland",
    "PT": "Portugal",
    "RO": "Romania",
    "SK": "Slovakia",
    "SI": "Slovenia",
    "ES": "Spain",
    "SE": "Sweden",
}
ELSEWHERE = {
    "AR": "Argentina",
    "AU": "Australia",
    "BR": "Brazil",
    "CA": "Canada",
    "CL": "Chile",
    "CO": "Colombia",
    "HK": "Hong Kong",
    "IS": "Iceland",
    "IN": "India",
    "ID": "Indonesia",
    "IL": "Israel",
    "JP": "Japan",
    "KE": "Kenya",
    "LI": "Liechtenstein",
    "MY": "Malaysia",
    "MX": "Mexico",
    "NZ": "New Zealand",
    "NG": "Nigeria",
    "NO": "Norway",
    "PE": "Peru",
    "PH": "Philippines",
    "SA": "Saudi Arabia",
    "SG": "Singapore",
    "ZA": "South Africa",
    "KR": "South Korea",
    "CH": "Switzerland",
    "TW": "Taiwan",
    "TH": "Thailand",
    "TR": "Türkiye",
    "UA": "Ukraine",
    "AE": "United Arab Emirates",
    "GB": "United Kingdom",
    "US": "United States",
    "VN": "Vietnam",
}
COUNTRIES = dict(sorted((EU | ELSEWHERE).items(), key=lambda pair: pair[1].replace("Ü", "U")))
NEEDS_POSTAL_CODE = ("CA", "GB", "US")
# Kinds outside the EU, whose members have `eu_vat`, with how the number looks.
TAX_IDS = {
    "AU": ("au_abn", r"[0-9]{11}"),
    "CA": ("ca_gst_hst", r"[0-9]{9}(RT[0-9]{4})?"),
    "CH": ("ch_vat", r"CHE[0-9]{9}(MWST|TVA|IVA)?"),
    "GB": ("gb_vat", r"GB([0-9]{9}|[0-9]{12})"),
    "IN": ("in_gst", r"[0-9A-Z]{15}"),
    "NO": ("no_vat", r"[0-9]{9}MVA"),
    "NZ": ("nz_gst", r"[0-9]{8,9}"),
    "SG": ("sg_gst", r"[0-9A-Z]{9,10}"),
    "US": ("us_ein", r"[0-9]{2}-?[0-9]{7}"),
}


def tax_id_kind(country: str) -> tuple[str, str] | None:
    """The kind and the pattern of a business's tax id; None where none is taken."""
    if country in EU:
        return "eu_vat", f"{'EL' if country == 'GR' else country}[0-9A-Z+*]{{2,12}}"
    return TAX_IDS.get(country)
