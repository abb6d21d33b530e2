"""Texts as values: shown in English, kept and read again without loss."""

from __future__ import annotations

import copy
import json
import pickle

import pytest

from wizard.core.message import (
    Message,
    Number,
    decode,
    encode,
    listed,
    msg,
    plural,
    sentences,
    verbatim,
)

SIZE = msg("{number} GB", number=Number(3.25, 1))
SAMPLES = [
    (msg("Nothing to do."), "Nothing to do."),
    (msg("{{USE_S3}} is {value}", value="{true}"), "{USE_S3} is {true}"),
    (plural("{n} file is {size}", "{n} files are {size}", 1, size=SIZE), "1 file is 3.2 GB"),
    (plural("{n} file", "{n} files", 0), "0 files"),
    (plural("{n} file", "{n} files", 20_431), "20,431 files"),
    (msg("{left} left", left=plural("{n} hour", "{n} hours", 2)), "2 hours left"),
    (listed([]), ""),
    (listed(["web"]), "web"),
    (listed(["web", "flower"]), "web and flower"),
    (listed(["web", "flower", "nginx"]), "web, flower and nginx"),
    (sentences("", msg("It is down."), verbatim("HTTP {502}")), "It is down. HTTP {502}"),
]


@pytest.mark.parametrize(("message", "english"), SAMPLES)
def test_english_and_back(message: Message, english: str) -> None:
    assert message == english
    for again in (
        decode(json.loads(json.dumps(encode(message)))),
        copy.deepcopy(message),
        pickle.loads(pickle.dumps(message)),
    ):
        assert (again, again.id, again.plural) == (message, message.id, message.plural)
        assert dict(again.values) == dict(message.values)


def test_a_finished_sentence_of_an_earlier_version_is_read() -> None:
    assert decode("The bucket {a} is gone.") == "The bucket {a} is gone."


def test_json_that_is_written_without_encoding_is_english() -> None:
    assert json.loads(json.dumps({"what": SAMPLES[2][0]})) == {"what": "1 file is 3.2 GB"}


def test_a_secret_within_a_value_is_changed_at_every_depth() -> None:
    inner = msg("key {key}", key="hunter22")
    masked = msg("{n} of {inner}", n=3, inner=inner).with_values(
        lambda t: t.replace("hunter22", "*")
    )
    assert masked == "3 of key *"
    assert "hunter22" not in json.dumps(encode(masked))


@pytest.mark.parametrize(
    "damaged", [None, {}, {"id": "{a}", "values": {}}, {"id": "{0}", "values": {}}]
)
def test_a_damaged_one_raises_what_the_journal_expects(damaged: object) -> None:
    with pytest.raises((LookupError, TypeError, ValueError)):
        decode(damaged)
