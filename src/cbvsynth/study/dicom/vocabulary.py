"""Words of series' descriptions, as technologists and vendors write them (Siemens, GE, Philips, Canon).

Descriptions come here in lower case with single spaces between words. Nothing of them leaves this module but
words of its own lists.
"""

from __future__ import annotations

import re

_FLAIR = re.compile(r"\bflair|t2 ?flair|dark ?fluid|tirm dark|\bflr\b|\bt2 ?w? ?tirm\b|fluid attenuated")
_T1 = re.compile(
    r"\bt1|\bst1|mprage|mp ?rage|\bbravo\b|\bf?spgr\b|\bir ?fspgr|\bvibe\b|\bthrive\b|\blava\b|\be?thrive\b|"
    r"\btfe\b.*\b3d\b|\b3d ?tfe|\btfl\b|\bfl3d\b|\bquick3d\b|\bisffe\b"
)
_T2 = re.compile(r"\bt2(?!\d)(?! ?\*| ?star| ?gre| ?ffe| ?fl2d)|\bw?t2w?(?:tse|fse|se|w)\b")
_STAR = re.compile(
    r"t2 ?\*|t2 ?star|\bswi\b|\bswan\b|\bgre\b|hemo|\bt2 ?ffe|\bfsbb\b|\bmerge\b|suscept|\bven ?bold\b"
)
_PD = re.compile(r"\bpd\b|\bpdw\b|proton ?dens")

_AFTER = re.compile(
    r"\+ ?(?:c|gd|gad\w*|km|contrast|k)\b|\bc ?\+|\bt1c\b|\bt1ce\b|\bt1w?c\b|\bt1w? ?\+|\bce\b|\bkm\b|\bgd\b|"
    r"\bgad\w*|\bt1 ?gd\b|\bdotarem|"
    r"\bpost(?! ?op| ?process| ?surg| ?treat| ?rt\b| ?rad| ?chemo|erior)(?:\b|gd|gad|con|"
    r"inj|k)|contrast|kontrast|contraste|\bmdc\b|\binj\b|\bmit c|\bw ?c\b|\bwith gd|\bnach\b|\bafter\b"
)
_AGENT = r"(?: ?(?:con\w*|kon\w*|ce|gd|gad\w*|km|mdc|inj\w*|enh\w*|c)\b)"
# Without fat suppression says nothing of contrast agent.
_NOT_OF_FAT = r"(?! ?(?:fs|fat\w*|sat\w*|supp\w*|spai?r)\b)"
_BEFORE = re.compile(
    rf"\bpre(?! ?op| ?surg| ?treat| ?rt\b| ?rad| ?chemo| ?sat)(?:{_AGENT}|\b|gd|gad|con|km|inj)|"
    rf"\b(?:no|non|kein\w*|geen|ingen|inget|ei|o){_AGENT}|\bs ?(?:mdc|contraste)\b|"
    rf"\bw ?o\b{_NOT_OF_FAT}(?: ?c\w*|{_AGENT})?|\bnativ\w*|\bunenh\w*|\bplain\b|"
    rf"\b(?:without|ohne|sans|senza|sin|sem|zonder|utan|uden|uten|bez|ilman){_NOT_OF_FAT}{_AGENT}?\b|"
    rf"\b(?:before|vor|voor|avant|antes|prima|innan){_AGENT}?\b"
)
_NO_AGENT = re.compile(r"^(?:|no|none|n a|na|not? given|without|no contrast|non?e? ?used|0|-+|unknown)$")

_LEFT_OUT: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(
            r"scout|locali[sz]|\bloc\b|survey|3 ?pl(?:ane)?\b|planscan|smartbrain|auto ?align|"
            r"\baahead|\bpilot\b|\btopogram"
        ),
        "a scout",
    ),
    (
        re.compile(
            r"\bcalib|\basset\b|\bref(?:erence)? scan|\bshim|\bb1 ?map|sense ?ref|field ?map|"
            r"\bfieldmapping|\bgre field"
        ),
        "a calibration scan",
    ),
    (
        re.compile(r"screen ?(?:save|shot)|\bsummary\b|\breport\b|\bsecondary|\bdose\b|\bpaste"),
        "a picture of a screen",
    ),
    (re.compile(r"\bm ?i ?p\b|\bmin ?ip\b|\bmips?\b|\bminip|\bproj(?:ection)?s?\b|\bvrt\b"), "a projection"),
    (
        re.compile(r"\bmpr\b|reformat|\bmpvr?\b|\bcurved\b|\bresliced?\b|\brecon\b"),
        "a reformat of another series",
    ),
    (re.compile(r"\bsubs?\b|subtr"), "a subtraction"),
    (re.compile(r"\bphase\b|\bpha\b|\bcd ?pha"), "a phase image"),
    (
        re.compile(
            r"\btof\b|\bangio\w*|\bmra\b|\bmrv\b|\bpca?\b ?(?:2d|3d)?\b|\bcow\b|inhance|\btricks\b|\btwist\b"
        ),
        "an angiogram",
    ),
    (re.compile(r"spectro\w*|\bmrs\b|\bsvs?\b|\bcsi\b|\bpress\b"), "a spectrum"),
    (re.compile(r"\bbold\b|\bfmri\b|resting|\brs ?fmri"), "a functional series"),
    (re.compile(r"\bp?c?asl\b"), "an arterial spin labelling series"),
    (re.compile(r"\bt[12]r?(?:rho)? ?map|relaxometry|\bt1rho"), "a map of relaxation times"),
    (re.compile(r"\bstir\b"), "STIR, which is none of the five sequences"),
    (
        re.compile(
            r"\bspine\b|\bcervical\b|\bthoracic\b|\blumbar\b|\borbits?\b|\bneck\b|\bpituit\w*|"
            r"\biac\b|\bcspine"
        ),
        "of another part of the body or of the head",
    ),
    (
        re.compile(
            r"\bin ?phase|\bopp(?:osed)?\b|\bout ?phase|\bfat only|\bfat img|\b(?:f|in|opp) dixon|"
            r"dixon (?:f|fat|in|opp)\b"
        ),
        "another image of a Dixon series than the water image",
    ),
)
_MAP_CBV = re.compile(r"\b(?:r|rel|n|s)? ?cbv\w*|cerebral blood volume|\bneg ?enh\w*integral")
_MAP_RELATIVE = re.compile(r"\b(?:r|rel|relative|n|normali[sz]ed|s|standardi[sz]ed) ?cbv|relcbv|rcbv")
_MAP_OTHER = re.compile(
    r"\b(?:r|rel)? ?cbf\w*|\b(?:r|rel)? ?mtt\w*|\bttp\w*|\bt ?max\b|\bk ?trans\b|\bk2\b|\bpbp\b|"
    r"\bgbp\b|\bpsr\b|\bperm\w*|"
    r"\bleakage map|\btime to peak|\bmean transit|\bcerebral blood flow|\bve\b|\bkep\b|\bvp\b|\bbat\b"
)
_MAP_ADC = re.compile(r"(?<!e)\bd?adc\b|apparent diff\w*|\badc ?map|_adc\b|\bavdc\b")
_MAP_EADC = re.compile(r"\be ?adc\b|exponential|exp ?adc|attenuation coeff")
_FLOW_TYPES = frozenset({"CBF", "RELCBF", "RCBF"})
_FLOW = re.compile(r"\b(?:r|rel|q)? ?cbf\b|cerebral blood flow")
_LABELLED = re.compile(r"\b(?:p|c|pc|3d)?asl\b|arterial spin|spin label|transit (?:time )?corrected")
_DIFFUSION = re.compile(
    r"\bdwi?\b|\bdti\b|diff(?:usion)?\b|\btrace\w*|\bresolve\b|\bfa\b|\bcolfa\b|\btensor\b|"
    r"\bb ?(?:0|1000)\b|\bisotrop\w*"
)
_PERFUSION = re.compile(r"\bperf\w*|\bdsc\b|\bdce\b|\bpwi\b|\bdynamic\b|\bdyn\b|\bfe ?epi\b")

_WORDS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (word, re.compile(pattern))
    for word, pattern in (
        ("mprage", r"mp ?rage"),
        ("mp2rage", r"mp2rage"),
        ("space", r"\bspace\b|\bspc\b"),
        ("cube", r"\bcube\b"),
        ("vista", r"\bvista\b|\bview\b"),
        ("tse", r"\btse\b|\bfse\b|\bfrfse\b|\btirm\b"),
        ("se", r"\bse\b|\bst1\b"),
        ("bravo", r"\bbravo\b"),
        ("spgr", r"\bf?spgr\b"),
        ("tfe", r"\btfe\b|\btfl\b"),
        ("vibe", r"\bvibe\b|\bthrive\b"),
        ("flash", r"\bflash\b|\bfl[23]d\b|\bffe\b"),
        ("dixon", r"\bdixon\b|\bideal\b|\bflex\b"),
        ("fatsat", r"\bfs\b|fat ?sat|\bspir\b|\bspair\b|\bfatsup"),
        ("blade", r"\bblade\b|propeller|multivane|\bmv\b|\bjet\b"),
        ("navigation", r"\bnav\w*\b|\bstealth\b|\bbrainlab\b|\bstereo\w*"),
        ("corrected", r"\blc\b|(?<!un)corr(?:ected)?\b|leakage"),
        ("uncorrected", r"uncorr\w*"),
        ("normalized", r"\bnorm\w*|\bn ?r?cbv"),
        ("registered", r"\breg\w*"),
    )
)
_TYPE_WORDS = {"DIS2D": "dis2d", "DIS3D": "dis3d", "ND": "nd", "NORM": "norm", "WATER": "water"}


def left_out(text: str) -> str:
    """What a description says that a series is, if it is none of the images that are needed."""
    return next((what for pattern, what in _LEFT_OUT if pattern.search(text)), "")


def weights(text: str) -> tuple[str, ...]:
    """Weightings that a description names, of t1, t2, flair, t2*, pd; T1 FLAIR is a T1."""
    if _STAR.search(text) and not _FLAIR.search(text):
        return ("t2*",)
    if _FLAIR.search(text):
        return ("t1",) if _T1.search(text) else ("flair",)
    return tuple(name for name, pattern in (("t1", _T1), ("t2", _T2), ("pd", _PD)) if pattern.search(text))


def contrast(text: str) -> str:
    """Whether a description says before or after contrast agent, both (as in pre and post), or nothing."""
    before = bool(_BEFORE.search(text))
    after = bool(_AFTER.search(_BEFORE.sub(" ", text)))
    return "both" if before and after else "before" if before else "after" if after else ""


def has_agent(agent: str) -> bool:
    """Whether the tags of contrast agent name one."""
    words = re.sub(r"[^a-z0-9+]+", " ", agent).strip()
    return not _NO_AGENT.match(words) and not _BEFORE.fullmatch(words)


def parametric_map(text: str) -> str:
    """Which map a description names: adc, eadc, cbv, rcbv, other (of perfusion); empty for none."""
    if _MAP_EADC.search(text):
        return "eadc"
    if _MAP_ADC.search(text):
        return "adc"
    if _MAP_CBV.search(text):
        return "rcbv" if _MAP_RELATIVE.search(text) else "cbv"
    return "other" if _MAP_OTHER.search(text) else ""


def is_labelled_flow(text: str, image_type: tuple[str, ...]) -> bool:
    """Whether a series is the CBF map of arterial spin labelling; a CBF of contrast agent names no label."""
    types = set(image_type)
    flow = bool(types & _FLOW_TYPES) or bool(_FLOW.search(text))
    labelled = bool(types & {"ASL", "PCASL", "PASL"}) or bool(_LABELLED.search(text))
    return flow and labelled


def is_diffusion(text: str) -> bool:
    """Whether a description is of a diffusion series."""
    return bool(_DIFFUSION.search(text))


def is_perfusion(text: str) -> bool:
    """Whether a description is of a perfusion series."""
    return bool(_PERFUSION.search(text))


def known_words(text: str, image_type: tuple[str, ...]) -> tuple[str, ...]:
    """Words of our own that tell series apart, as `--prefer` takes them."""
    found = [word for word, pattern in _WORDS if pattern.search(text)]
    return (*found, *(word for name, word in _TYPE_WORDS.items() if name in image_type))
