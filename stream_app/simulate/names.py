"""Small lists of names and places; every combination is made up."""

SURNAMES_ZH = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
GIVEN_ZH = (
    "伟", "芳", "娜", "敏", "静", "丽", "强", "磊", "洋", "勇", "艳", "杰", "娟", "涛",
    "明", "超", "秀英", "霞", "平", "刚", "桂英", "文博", "思远", "雨桐", "子涵", "浩然", "欣怡", "梓萱",
    "嘉懿", "俊杰", "晓东", "建国", "美玲", "志强", "玉兰", "海燕", "春梅", "国华", "一诺", "可心",
)  # fmt: skip
SURNAMES_EN = (
    "Smith", "Jones", "Taylor", "Brown", "Evans", "Walker", "Hughes", "Green", "Hall", "Clarke", "Baker", "Reid",
    "Novak", "Silva", "Khan", "Meyer", "Rossi", "Dubois", "Larsen", "Okafor",
)  # fmt: skip
GIVEN_EN = (
    "Alice", "Ben", "Carla", "Daniel", "Emma", "Felix", "Grace", "Henry", "Ines", "Jack", "Kate", "Liam", "Mia",
    "Noah", "Olivia", "Peter", "Ruth", "Sam", "Tess", "Victor",
)  # fmt: skip
HANDLE_WORDS = (
    "sunny", "panda", "tea", "river", "cloud", "bamboo", "noodle", "moon", "lucky", "tiger", "maple", "ocean",
    "pixel", "jade", "rain", "comet", "coffee", "kite", "lotus", "spark",
)  # fmt: skip
OTHER_BANKS = (
    "Harbour Bank",
    "Silk Road Bank",
    "Pine Bank",
    "Northern Rural Bank",
    "Lotus Digital Bank",
    "Union of Savers",
)
COUNTRIES = ("JP", "TH", "SG", "GB", "FR", "US", "AU", "KR", "MY", "IT")
RISKY_COUNTRIES = ("BR", "NG", "RO", "US", "PH", "UA")
