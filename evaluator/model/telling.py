"""`explain` for people."""

from collections.abc import Mapping

from evaluator.model.explaining import Explanation
from evaluator.records import CardExample

_RANKS_ALONE = "only retrieval and reranking will be run, and there is no overall rank"
KINDS: Mapping[str, str] = {
    "dense": "dense",
    "sparse": f"sparse: {_RANKS_ALONE}",
    "multi_vector": f"multi-vector (late interaction): {_RANKS_ALONE}",
}
"""The kinds of models that can be explained, for people."""


def explanation_text(told: Explanation) -> str:
    """`explain` for people: one fact a line."""
    lines = [
        f"{told.model} @ {(told.revision or '')[:12]}",
        f"kind         {KINDS[told.kind]}",
        f"loader       {told.loader} ({told.architecture or 'no transformer'})",
        f"precision    {told.precision} ({told.precision_source})",
        f"pooling      {told.pooling or 'by its modules'} ({told.pooling_source})",
        f"max tokens   {told.max_tokens or 'no limit told'}",
    ]
    if told.truncate_dim:
        lines.append(f"dimensions   the first {told.truncate_dim}")
    if told.card:
        lines.append(f"card         evaluator/model/cards/{told.card}.yaml")
    lines += [f"adapter      {each.model}: {each.kind} on {each.base} @ {each.commit[:12]}" for each in told.adapters]
    if told.recipe:
        lines.append(f"recipe       {told.recipe} (lock {(told.lock or '')[:12]})")
    if told.encoding:
        lines.append(f"encoding     {told.encoding}")
    lines += [f"remote code  {where}: {code}" for where, code in told.remote_code.items()]
    others = {model: at for model, at in told.parts.items() if model not in {each.base for each in told.adapters}}
    lines += [f"code from    {model} @ {at[:12]}" for model, at in others.items()]
    lines.append("prompts")
    for task, sides in told.prompts.items():
        for side, prompt in sides.items():
            source = f"  ({prompt.source})" if prompt.source else ""
            lines.append(f"  {task:26}{side:9}{prompt.text!r}{source}")
    lines += [f"warning      {warning.en}" for warning in told.warnings]
    return "\n".join(lines + _example_lines(told.card_example))


def _example_lines(example: CardExample | None) -> list[str]:
    """The verdict on the card's example; where it differs, the card's similarities beside those found."""
    if example is None:
        return []
    if example.verdict != "differs":
        none = "none that can be read on the card"
        return [f"example      {'as on the card' if example.verdict == 'matches' else none}"]
    lines = [f"example      differs by more than {example.tolerance or 0:.3g}; on the card | here"]
    for sides in zip(example.expected, example.found, strict=True):
        lines.append("  " + " | ".join(" ".join(f"{value:8.4f}" for value in side) for side in sides))
    return lines
