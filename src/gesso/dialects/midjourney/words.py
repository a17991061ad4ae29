"""The texts of this wire: published Chinese literals, and English for `Accept-Language: en`."""

from __future__ import annotations

_WORDS: dict[str, tuple[str, str]] = {
    "submitted": ("提交成功", "Submit success"),
    "done": ("成功", "Success"),
    "queued": ("排队中，前面还有N个任务", "In queue, there are N tasks ahead"),
    "queue_full": ("队列已满，请稍后尝试", "The queue is full, please try again later"),
    "rate_limited": ("请求过于频繁，请稍后尝试", "Too many requests, please try again later"),
    "banned_prompt": ("可能包含敏感词", "The prompt may contain a banned word"),
    "moderated": ("可能包含敏感词", "The order was refused by moderation"),
    "not_found": ("关联任务不存在或已失效", "The task does not exist or has expired"),
    "no_channel": ("无可用的账号实例", "No available account instance"),
    "insufficient_funds": ("余额不足", "Insufficient balance"),
    "illegal_move": ("关联任务状态错误", "The task is not in the right state"),
    "picture_rejected": ("base64格式错误", "The base64 picture is not valid"),
    "internal": ("提交失败，系统异常", "Submit failed, system error"),
    "prompt_missing": ("prompt不能为空", "prompt must not be empty"),
    "task_id_missing": ("taskId不能为空", "taskId must not be empty"),
    "custom_id_missing": ("customId不能为空", "customId must not be empty"),
    "dialog": ("窗口等待", "Waiting for window confirm"),
    "action_wrong": ("action参数错误", "The action parameter is wrong"),
    "content_wrong": ("content参数错误", "The content parameter is wrong"),
    "path_unknown": ("请求路径不存在", "There is no such path"),
}


def say(word: str, english: bool) -> str:
    """Return a text in the caller's language; empty when the wire has none for it."""
    pair = _WORDS.get(word)
    return "" if pair is None else pair[english]
