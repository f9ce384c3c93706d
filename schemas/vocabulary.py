"""The words that we know; what is not here folds to `other` and is counted, never refused."""

OTHER = "other"
NO_BRANCH = OTHER
"""Where a visit that names no branch is said to be, in the names of streams."""

# Profiles count by a word's place here (`models.rings.windows`): a new word goes to the end, and none ever leaves or
# moves.
CHANNEL_PLACES = (
    "branch",
    "phone",
    "web",
    "mobile",
    "kiosk",
    "email",
    "fax",
    "wechat",
    "chat",
    "forum",
    "face_to_face",
    "iot",
    "other",
)
KIND_PLACES = ("card", "cash", "transfer", "salary", "fee", "interest", "loan_payment", "investment", "bill", "other")

CHANNELS = frozenset(CHANNEL_PLACES)
TRANSACTION_KINDS = frozenset(KIND_PLACES)
INTERACTION_KINDS = frozenset(
    {
        "login",
        "view",
        "search",
        "enquiry",
        "application",
        "product_opened",
        "product_closed",
        "complaint",
        "complaint_resolved",
        "survey",
        "visit",
        "leave",
        "appointment",
        "call_started",
        "call_ended",
        "message",
        "message_opened",
        "click",
        "points_earned",
        "points_redeemed",
        "other",
    }
)
VISIT_SOURCES = frozenset(
    {
        "queue_ticket",
        "id_card",
        "appointment",
        "beacon",
        "plate",
        "face_id",
        "wifi",
        "staff",
        "other",
    }
)
PLATFORMS = frozenset(
    {
        "weibo",
        "wechat",
        "forum",
        "x",
        "app_store",
        "other",
    }
)
CUSTOMER_KINDS = frozenset({"person", "business", "other"})
CONSENTS = ("marketing", "personalisation", "profiling", "social_linking")

FINDINGS = ("Confirmed", "Dismissed")  # an analyst's word about an event
OUTCOME_LABELS = (
    "Impression",
    "Clicked",
    "Accepted",
    "Rejected",
    "Converted",
    "NoResponse",
    "Expired",
    "Retracted",
    *FINDINGS,
)
# Examples count by a family's place here: a new one goes to the end, and none ever leaves or moves.
PRODUCT_FAMILIES = ("savings", "fund", "wealth", "securities", "credit_card", "loan", "mortgage", "insurance")
# What the topic of a closing says of one who did not choose to leave: of him nothing is known, and nothing learned.
CENSORED = {"deceased": "died", "merged": "merged"}
CENSORING = frozenset(CENSORED.values())
FAST = "fast"  # stands in a waiting example for the offer that it is about, where that is learned as its answer comes
VOID = "void"  # in its place once an answer came that may not be learned: no label of it will ever be known
LABEL_ALIASES = {"TAKEN": "Accepted", "NOT_TAKEN": "Rejected", "VIEWED": "Impression"}
QUEUES = ("retention", "fraud", "service", "collections", "relationship")
OFFER_CHANNELS = ("branch", "phone", "mobile", "web", "wechat", "email", "sms")
