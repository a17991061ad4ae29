"""What words mean to the painter: place, time, weather, style, colours and subjects."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from gesso.domain import prompt
from gesso.painting.brief import Brief

_PLACES = {
    "mountains": "mountain mountains alps peak peaks hills valley canyon cliff 山 峰 山脉",
    "sea": "sea ocean beach coast island bay wave waves lake river harbor 海 海边 湖 河",
    "forest": "forest woods jungle tree trees grove pine pines 森林 树林 树",
    "desert": "desert dunes sahara sand mars 沙漠",
    "city": "city town street skyline downtown tokyo paris cyberpunk building skyscraper 城市 街",
    "meadow": "meadow field garden park grass farm village spring flowers prairie 草原 花园 田",
    "space": "space galaxy planet planets nebula cosmos universe stars rocket asteroid 太空 星系",
    "underwater": "underwater reef coral aquarium deep seabed jellyfish 水下 海底",
    "abstract": "abstract pattern fractal geometry marble fluid texture mandala logo 抽象",
}
_TIMES = {
    "night": "night midnight moonlit moon dark stars 夜 夜晚 月",
    "sunset": "sunset dusk evening twilight golden 日落 黄昏 晚霞",
    "dawn": "dawn sunrise morning pastel 黎明 日出 早晨",
    "storm": "storm stormy thunder rain rainy gloomy 暴风雨 雨",
}
_WEATHER = {
    "snow": "snow snowy winter ice frozen arctic blizzard christmas 雪 冬天 冰",
    "fog": "fog foggy mist misty haze hazy 雾",
    "rain": "rain rainy storm 雨",
    "autumn": "autumn fall october maple 秋 秋天",
}
_STYLES = {
    "watercolor": "watercolor watercolour aquarelle 水彩",
    "pixel": "pixel 8bit 8-bit retro 像素",
    "line": "sketch line ink drawing pencil lineart 素描 线稿 水墨",
    "neon": "neon cyberpunk synthwave vaporwave 霓虹 赛博朋克",
    "minimal": "minimalist minimal simple flat poster logo icon 极简",
    "oil": "oil painting impressionist impasto gogh monet 油画",
}
_SUBJECTS = {
    "fox": "fox foxes 狐狸",
    "cat": "cat cats kitten kitty tiger lion 猫 老虎 狮子",
    "dog": "dog dogs puppy wolf corgi husky 狗 狼",
    "rabbit": "rabbit bunny hare 兔 兔子",
    "bear": "bear panda koala teddy 熊 熊猫",
    "owl": "owl bird birds eagle parrot penguin raven crow 鸟 猫头鹰 企鹅",
    "deer": "deer stag elk moose reindeer horse unicorn 鹿 马",
    "fish": "fish koi goldfish shark 鱼",
    "whale": "whale dolphin orca 鲸 海豚",
    "butterfly": "butterfly butterflies moth fairy 蝴蝶",
    "dragon": "dragon dinosaur lizard 龙",
    "person": "person man woman girl boy knight wizard portrait king queen princess samurai "
    "warrior monk child people 人 女孩 男孩 女人 男人",
    "astronaut": "astronaut spaceman cosmonaut diver 宇航员",
    "robot": "robot android mech cyborg droid 机器人",
    "tree": "tree oak willow bonsai baobab sakura 树 樱花",
    "flower": "flower flowers rose tulip sunflower lotus daisy 花 玫瑰 莲花",
    "mushroom": "mushroom mushrooms toadstool 蘑菇",
    "house": "house cottage cabin hut home barn temple 房子 小屋",
    "castle": "castle palace fortress tower ruins 城堡 宫殿",
    "lighthouse": "lighthouse 灯塔",
    "boat": "boat ship sailboat yacht sail pirate 船 帆船",
    "balloon": "balloon balloons zeppelin airship 气球",
    "rocket": "rocket spaceship spacecraft 火箭",
    "car": "car taxi truck bus van automobile 车 汽车",
    "cup": "cup mug coffee tea teapot latte bowl 咖啡 茶 杯",
}
_COLOURS = {
    "red": (28, "red crimson scarlet ruby 红"),
    "orange": (60, "orange amber 橙"),
    "gold": (88, "gold golden yellow 黄 金"),
    "green": (145, "green emerald jade 绿"),
    "teal": (195, "teal turquoise cyan aqua 青"),
    "blue": (255, "blue azure navy sapphire 蓝"),
    "purple": (305, "purple violet lavender 紫"),
    "pink": (355, "pink magenta rose 粉"),
}
_PLAIN = {
    "white": "white ivory snowy 白",
    "black": "black dark ebony 黑",
    "grey": "grey gray silver 灰",
    "brown": "brown chestnut 棕",
}
#: Place that a subject stands in when the prompt names none.
_AT_HOME = {
    "fish": "underwater", "whale": "sea", "boat": "sea", "lighthouse": "sea", "rocket": "space",
    "astronaut": "space", "car": "city", "robot": "city", "butterfly": "meadow",
    "flower": "meadow", "deer": "forest", "owl": "forest", "mushroom": "forest",
    "dragon": "mountains", "castle": "mountains", "balloon": "mountains",
}  # fmt: skip
#: Where a subject can stand; drawn from when the prompt names no place.
_ON_LAND = ("meadow", "forest", "mountains", "meadow", "desert")
_TOKEN = re.compile(r"[a-z0-9][a-z0-9-]*|[\u4e00-\u9fff]+")


@dataclass(frozen=True, slots=True)
class Scene:
    """What the painter understood of a brief."""

    place: str
    time: str
    weather: frozenset[str]
    style: str
    subjects: tuple[str, ...]
    hue: float | None  #: A colour that the prompt names, as an OKLCH hue in degrees.
    plain: str | None  #: A colour without a hue that the prompt names.

    def elements(self) -> tuple[str, ...]:
        """Name everything that will show, for tests of what `--no` removes."""
        return (self.place, self.time, *sorted(self.weather), *self.subjects)


def read_prompt(text: str) -> prompt.Prompt:
    """Read a final prompt, which may have no words: a blend needs none, and flags may be all."""
    bare = not text.strip() or text.lstrip().startswith("--")
    parsed = prompt.parse(f"x {text}" if bare else text)
    return replace(parsed, text="") if bare else parsed


def understand(brief: Brief) -> Scene:
    """Read a brief's words; what they do not say is drawn from their hash."""
    tokens = _tokens(brief.text)
    banned = _banned(brief.without)
    subjects = [s for s in _all(_SUBJECTS, tokens) if s not in banned]
    if brief.cast is not None:
        subjects = list(brief.cast)
    place = _first(_PLACES, tokens, banned)
    if place is None and subjects:
        place = _AT_HOME.get(subjects[0])
    if place is None or place in banned:
        wide: tuple[str, ...] = _ON_LAND if subjects or _all(_WEATHER, tokens) else tuple(_PLACES)
        if "snow" in _all(_WEATHER, tokens):
            wide = ("meadow", "forest", "mountains")
        left = [p for p in wide if p not in banned] or ["abstract"]
        place = left[int(brief.word("place") * len(left))]
    time = _first(_TIMES, tokens, banned)
    if time is None:
        drawn = ("day", "day", "dawn", "sunset", "day", "night")
        left_times = [t for t in drawn if t not in banned]
        apart = brief.number("chaos time") < brief.chaos / 110
        luck = brief.number("time") if apart else brief.word("time")
        time = left_times[int(luck * len(left_times))]
    weather = frozenset(w for w in _all(_WEATHER, tokens) if w not in banned)
    hues = [
        h for name, (h, words) in _COLOURS.items() if _hit(tokens, words) and name not in banned
    ]
    return Scene(
        place=place,
        time=time,
        weather=weather,
        style=_first(_STYLES, tokens, banned) or "",
        subjects=tuple(subjects[:2]),
        hue=float(hues[0]) if hues else None,
        plain=_first(_PLAIN, tokens, banned),
    )


def names_place(text: str) -> bool:
    """Say whether words name a place."""
    return bool(_all(_PLACES, _tokens(text)))


def names_time(text: str) -> bool:
    """Say whether words name a time of day."""
    return bool(_all(_TIMES, _tokens(text)))


def is_known(word: str) -> bool:
    """Say whether the painter has a picture of a word."""
    tables = (_PLACES, _TIMES, _WEATHER, _STYLES, _SUBJECTS, _PLAIN)
    tokens = _tokens(word)
    return any(_all(table, tokens) for table in tables) or any(
        _hit(tokens, words) for _, words in _COLOURS.values()
    )


def names_subject(text: str) -> bool:
    """Say whether words name something that stands in a picture."""
    return bool(_all(_SUBJECTS, _tokens(text)))


def names_style(text: str) -> bool:
    """Say whether words name a manner of painting."""
    return bool(_all(_STYLES, _tokens(text)))


def banned_hues(brief: Brief) -> tuple[float, ...]:
    """Return the hues that `--no` forbids."""
    words = _banned(brief.without)
    return tuple(float(hue) for name, (hue, _) in _COLOURS.items() if name in words)


def is_banned(brief: Brief, name: str) -> bool:
    """Say whether `--no` forbids an element such as `clouds`."""
    return name in _banned(brief.without)


def _banned(without: tuple[str, ...]) -> frozenset[str]:
    tokens = {t for phrase in without for t in _tokens(phrase)}
    tokens |= {t.removesuffix("s") for t in tokens} | {f"{t}s" for t in tokens}
    hit = set(tokens)
    for table in (_PLACES, _TIMES, _WEATHER, _STYLES, _SUBJECTS, _PLAIN):
        hit |= {name for name, words in table.items() if tokens & set(words.split())}
    hit |= {name for name, (_, words) in _COLOURS.items() if tokens & set(words.split())}
    return frozenset(hit)


def _tokens(text: str) -> list[str]:
    return _TOKEN.findall(text.lower())


def _hit(tokens: list[str], words: str) -> bool:
    known = words.split()
    # Chinese has no blanks between words, so a known word may be a part of a run.
    return any(t in known or (t[0] > "\u4e00" and any(w in t for w in known)) for t in tokens)


def _all(table: dict[str, str], tokens: list[str]) -> list[str]:
    found = [name for name, words in table.items() if _hit(tokens, words)]
    order = {name: _where(tokens, table[name]) for name in found}
    return sorted(found, key=lambda name: order[name])


def _where(tokens: list[str], words: str) -> int:
    return next((i for i, t in enumerate(tokens) if _hit([t], words)), len(tokens))


def _first(table: dict[str, str], tokens: list[str], banned: frozenset[str]) -> str | None:
    return next((name for name in _all(table, tokens) if name not in banned), None)
