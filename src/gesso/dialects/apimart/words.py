"""Why a task failed, in the languages of the wire (section 6.2): by our failure code.

`language` changes `error.message` alone; without it the upstream's own text is shown.
"""

from __future__ import annotations

from collections.abc import Mapping

#: Languages in the order of the columns below.
LANGUAGES = ("en", "zh", "ja", "ko", "ru", "fr", "de", "id", "pt", "es")

_BANNED = (
    "The prompt holds a word that is not allowed.", "提示词包含违禁词。",
    "プロンプトに禁止語が含まれています。", "프롬프트에 금지어가 있습니다.",
    "Запрос содержит запрещённое слово.", "La requête contient un mot interdit.",
    "Der Prompt enthält ein verbotenes Wort.", "Prompt berisi kata terlarang.",
    "O prompt contém uma palavra proibida.", "El prompt contiene una palabra prohibida.",
)  # fmt: skip
_MODERATED = (
    "The content was stopped by moderation.", "内容未通过审核。",
    "コンテンツは審査で停止されました。", "콘텐츠가 검수에서 차단되었습니다.",
    "Содержимое остановлено модерацией.", "Le contenu a été bloqué par la modération.",
    "Der Inhalt wurde von der Moderation gestoppt.", "Konten dihentikan oleh moderasi.",
    "O conteúdo foi bloqueado pela moderação.", "La moderación bloqueó el contenido.",
)  # fmt: skip
_TIMEOUT = (
    "The task took too long.", "任务超时。", "タスクがタイムアウトしました。",
    "작업 시간이 초과되었습니다.", "Время выполнения задачи истекло.",
    "La tâche a pris trop de temps.", "Die Aufgabe hat zu lange gedauert.",
    "Tugas melewati batas waktu.", "A tarefa demorou demais.", "La tarea tardó demasiado.",
)  # fmt: skip
_REFUSED = (
    "The task was refused; check its parameters.", "任务被拒绝，请检查参数。",
    "タスクは拒否されました。パラメータを確認してください。",
    "작업이 거부되었습니다. 매개변수를 확인하세요.", "Задача отклонена; проверьте параметры.",
    "La tâche a été refusée ; vérifiez ses paramètres.",
    "Die Aufgabe wurde abgelehnt; bitte die Parameter prüfen.",
    "Tugas ditolak; periksa parameternya.", "A tarefa foi recusada; verifique os parâmetros.",
    "La tarea fue rechazada; revise sus parámetros.",
)  # fmt: skip
_UNAVAILABLE = (
    "No upstream is available now; try again later.", "暂无可用的上游，请稍后重试。",
    "現在利用できる処理先がありません。後でもう一度お試しください。",
    "지금 사용할 수 있는 업스트림이 없습니다. 나중에 다시 시도하세요.",
    "Сейчас нет доступного сервиса; повторите позже.",
    "Aucun service n'est disponible ; réessayez plus tard.",
    "Zurzeit ist kein Dienst verfügbar; bitte später erneut versuchen.",
    "Tidak ada layanan yang tersedia; coba lagi nanti.",
    "Nenhum serviço está disponível; tente mais tarde.",
    "No hay servicio disponible; inténtelo más tarde.",
)  # fmt: skip
_LOST = (
    "The connection broke and the outcome is unknown; nothing was charged.",
    "连接中断，结果未知；未扣费。", "接続が切れ、結果は不明です。課金されていません。",
    "연결이 끊겨 결과를 알 수 없습니다. 요금은 부과되지 않았습니다.",
    "Связь прервалась, результат неизвестен; деньги не списаны.",
    "La connexion a été coupée, le résultat est inconnu ; rien n'a été facturé.",
    "Die Verbindung brach ab, das Ergebnis ist unbekannt; nichts wurde berechnet.",
    "Koneksi terputus dan hasilnya tidak diketahui; tidak ada biaya.",
    "A conexão caiu e o resultado é desconhecido; nada foi cobrado.",
    "La conexión se cortó y el resultado se desconoce; no se cobró nada.",
)  # fmt: skip
_GARBLED = (
    "The result could not be read; nothing was charged.", "结果无法读取；未扣费。",
    "結果を読み取れませんでした。課金されていません。",
    "결과를 읽을 수 없습니다. 요금은 부과되지 않았습니다.",
    "Результат не удалось прочитать; деньги не списаны.",
    "Le résultat est illisible ; rien n'a été facturé.",
    "Das Ergebnis war nicht lesbar; nichts wurde berechnet.",
    "Hasil tidak dapat dibaca; tidak ada biaya.",
    "O resultado não pôde ser lido; nada foi cobrado.",
    "No se pudo leer el resultado; no se cobró nada.",
)  # fmt: skip
_CANCELLED = (
    "The task was cancelled; nothing was charged.", "任务已取消；未扣费。",
    "タスクはキャンセルされました。課金されていません。",
    "작업이 취소되었습니다. 요금은 부과되지 않았습니다.",
    "Задача отменена; деньги не списаны.", "La tâche a été annulée ; rien n'a été facturé.",
    "Die Aufgabe wurde abgebrochen; nichts wurde berechnet.",
    "Tugas dibatalkan; tidak ada biaya.", "A tarefa foi cancelada; nada foi cobrado.",
    "La tarea fue cancelada; no se cobró nada.",
)  # fmt: skip
_DEADLINE = (
    "The task was not started before its deadline; nothing was charged.",
    "任务未在截止时间前开始；未扣费。",
    "タスクは期限までに開始されませんでした。課金されていません。",
    "작업이 기한 전에 시작되지 않았습니다. 요금은 부과되지 않았습니다.",
    "Задача не началась до срока; деньги не списаны.",
    "La tâche n'a pas commencé avant l'échéance ; rien n'a été facturé.",
    "Die Aufgabe begann nicht vor ihrer Frist; nichts wurde berechnet.",
    "Tugas tidak dimulai sebelum batas waktu; tidak ada biaya.",
    "A tarefa não começou antes do prazo; nada foi cobrado.",
    "La tarea no empezó antes del plazo; no se cobró nada.",
)  # fmt: skip
_OTHER = (
    "The task failed; nothing was charged.", "任务失败；未扣费。",
    "タスクは失敗しました。課金されていません。",
    "작업이 실패했습니다. 요금은 부과되지 않았습니다.",
    "Задача не выполнена; деньги не списаны.", "La tâche a échoué ; rien n'a été facturé.",
    "Die Aufgabe ist fehlgeschlagen; nichts wurde berechnet.",
    "Tugas gagal; tidak ada biaya.", "A tarefa falhou; nada foi cobrado.",
    "La tarea falló; no se cobró nada.",
)  # fmt: skip

_BY_CODE: Mapping[str, tuple[str, ...]] = {
    "banned": _BANNED,
    "banned_prompt": _BANNED,
    "moderated": _MODERATED,
    "timeout": _TIMEOUT,
    "refused": _REFUSED,
    "invalid": _REFUSED,
    "unavailable": _UNAVAILABLE,
    "no_channel": _UNAVAILABLE,
    "lost": _LOST,
    "uncertain": _LOST,
    "garbled": _GARBLED,
    "cancelled": _CANCELLED,
    "deadline_missed": _DEADLINE,
}


def read_language(text: str | None) -> str:
    """Return a language of the wire, in lower case; empty for none or an unknown one."""
    name = (text or "").strip().lower()
    return name if name in LANGUAGES else ""


def say(code: str, language: str) -> str:
    """Return why a task failed in a language; empty when no language is asked for."""
    if not language:
        return ""
    return _BY_CODE.get(code, _OTHER)[LANGUAGES.index(language)]
