"""What the report calls things, in Chinese and English: measures, roles, what happened in the contest."""

from models.policy import Text

Cell = str | Text  # of a table or legend: a name or figure, which is the same in both languages, or words

EXAMPLES, POSITIVES = Text(zh="样本", en="examples"), Text(zh="正例", en="positives")
AUC, LOG_LOSS = Text(zh="AUC", en="AUC"), Text(zh="对数损失", en="log loss")
CALIBRATION_ERROR = Text(zh="校准误差", en="calibration error")
MODEL, VERSION, ROLE = Text(zh="模型", en="model"), Text(zh="版本", en="version"), Text(zh="角色", en="role")
ON_DUTY, NEWEST = Text(zh="在岗", en="on duty"), Text(zh="最新", en="the newest")
SHARE, FOUND, DAYS = Text(zh="占比", en="share"), Text(zh="找到", en="found"), Text(zh="天数", en="days")
TOLD, SCORE = Text(zh="预测", en="told"), Text(zh="评分", en="score")
CAME_TRUE, DID_NOT = Text(zh="成真", en="came true"), Text(zh="未成真", en="did not come true")
WHY, LIMITS = Text(zh="理由", en="why"), Text(zh="标准", en="limits")
NO_TRIAL = Text(zh="未开启试验", en="opened no trial")

ROLES = {
    "champion": Text(zh="冠军", en="champion"),
    "challenger": Text(zh="挑战者", en="challenger"),
    "shadow": Text(zh="影子", en="shadow"),
    "served": Text(zh="已发出", en="served"),
}
EVENTS = {
    "trial_opened": Text(zh="试验开始", en="trial opened"),
    "trial_closed": Text(zh="试验结束", en="trial closed"),
    "promoted": Text(zh="晋升", en="promoted"),
    "returned": Text(zh="退回", en="returned"),
    "pinned": Text(zh="固定版本", en="pinned"),
    "refused": Text(zh="拒绝", en="refused"),
    "began_anew": Text(zh="重新开始", en="began anew"),
}


def both(cell: Cell) -> str:
    """Write it in one line: words in both languages, once where they are the same."""
    if isinstance(cell, str):
        return cell
    return cell.zh if cell.zh == cell.en else cell.both


def role(name: str) -> Cell:
    """Name a competitor's role; one that a file made up as the file has it."""
    return ROLES.get(name, name)


def event(name: str) -> Cell:
    """Name what happened; what a file made up as the file has it."""
    return EVENTS.get(name, name.replace("_", " "))
