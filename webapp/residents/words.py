"""The closed loop in plain words, for those who reported: where it is, and what comes next."""

from __future__ import annotations

from webapp.cases.states import CaseState

S = CaseState
NOW = {
    S.REGISTERED: "已经收到，正在安排",
    S.CONVENING: "正在请有关各方一起商量",
    S.ASSIGNED: "已经交给承办单位",
    S.IN_PROGRESS: "正在办理",
    S.SUSPENDED: "条件还不具备，暂时等待",
    S.PENDING_CHECK: "办完了，正在核查",
    S.CALLBACK: "办完了，等您评价",
    S.APPRAISED: "已经评价，准备归档",
    S.ARCHIVED: "已经办结归档",
    S.DECLINED: "没有受理",
    S.REDIRECTED: "请到其他渠道办理",
    S.WITHDRAWN: "您已撤回",
    S.MERGED: "和同一件事一起办理",
}
NEXT = {
    S.REGISTERED: "接下来会决定由谁来办。",
    S.CONVENING: "商量好以后，会交给承办单位去办。",
    S.ASSIGNED: "接下来由承办单位签收、办理。",
    S.IN_PROGRESS: "办完以后会写明结果，再由其他人核查。",
    S.SUSPENDED: "条件具备后会继续办理，到期也会复查一次。",
    S.PENDING_CHECK: "核查通过后，请您评价。",
    S.CALLBACK: "请您看看结果，在下面评价。不评价的，会有人电话联系您。",
    S.APPRAISED: "接下来归档，办理到此结束。",
}
SAID = {
    "verdict": "谢谢，您的评价已经记下。",
    "withdraw": "已撤回，不再办理。",
    "supervise": "已催办，承办单位和上一级都会看到。",
    "reopen": "已重新办理。",
}

# What a phone may be able to do, and what hangs on it. The keys are those of static/check.js.
ABILITIES = (
    ("script", "页面脚本", "没有也能用，只是每一步都要重新打开页面"),
    ("storage", "没有信号时先存在手机里", "不可以的话，没有信号时请先记在纸上"),
    ("room", "存储空间", "照片要占地方"),
    ("worker", "没有信号时打开页面", "不可以的话，请在有信号的地方先打开"),
    ("camera", "拍照", "照片都是选填的"),
    ("shrink", "先缩小照片再发送", "不可以的话，发照片会慢一些"),
    ("place", "定位", "不会自动读取位置，也不会记录行踪"),
)
