"""What a page's form sends, read into the same structures that the API takes, with sentences for people."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec
from litestar import Request
from litestar.datastructures import State, UploadFile

from service.corpus.characters import storing_fault
from service.errors import BadInput

Read = TypeVar("Read")

_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_LARGEST_NUMBER = 2_147_483_647
_RULES = {
    "login": "The login name has 1 to 254 characters and no spaces; a mail address is a good one.",
    "name": "The name has 1 to 200 characters on one line.",
    "reason": "The reason has 1 to 200 characters on one line.",
    "days": "A token lasts 1 to 366 days.",
    "scopes": "Choose at least one thing the token may do.",
    "coders": "Choose at least one coder.",
    "sample": "The size is 1 to 100,000 excerpts and the seed a whole number from 0 to 2,147,483,647.",
    "memo": "A memo or a reason has at most 10,000 characters.",
    "skip": "A memo or a reason has at most 10,000 characters.",
    "note": "The note has at most 2,000 characters.",
    "backend": "Choose which model codes the sample.",
    "model": "The model has a name of 1 to 200 characters on one line, as the server calls it.",
    "purpose": "Say what the model is for, in at most 500 characters.",
    "words": "Words to take out have 2 to 100 characters each, 500 at most.",
    "temperature": "The temperature is a number from 0 to 2.",
    "samples": "The samples are a whole number from 1 to 20.",
    "texts": "The text has at most 100,000 characters.",
    "until": "The date is a day and a time.",
    "close_by": "The closing date is a day and a time.",
}


@dataclass(frozen=True, slots=True)
class Form:
    """The fields of a form; a field that is missing is empty."""

    fields: Mapping[str, list[Any]]

    def text(self, name: str) -> str:
        """Give a field's text with the line ends that the store keeps."""
        return next(iter(self.texts(name)), "")

    def texts(self, name: str) -> list[str]:
        """Give every value of a field."""
        found = [str(value or "").replace("\r\n", "\n") for value in self.fields.get(name, [])]
        for text in found:
            if fault := storing_fault(text):
                message = f"The field {name} {fault}. Nothing was stored."
                raise BadInput(message)
        return found

    def number(self, name: str) -> int:
        """Give a field's whole number."""
        text = self.text(name).strip()
        if not (text.isascii() and text.isdigit() and int(text[:11]) <= _LARGEST_NUMBER):
            message = f"The field {name} takes a whole number from 0 to 2,147,483,647. Nothing was stored."
            raise BadInput(message)
        return int(text)

    def file(self, name: str) -> tuple[str, bytes]:
        """Give the name and the bytes of a file that was chosen."""
        found = next(iter(self.fields.get(name, [])), None)
        if not isinstance(found, UploadFile) or not found.filename:
            message = "No file was chosen. Choose one, then send the form again."
            raise BadInput(message)
        return found.filename, found.file.read()

    def key(self) -> str:
        """Give the key under which this very form is carried out once, however often it is sent."""
        key = self.text("key")
        if not _KEY.fullmatch(key):
            message = "The form came without its key. Open the page again and send the form from there. Nothing was stored."
            raise BadInput(message)
        return key


async def form(request: Request[object, object, State]) -> Form:
    """Read the form of a request."""
    sent = await request.form()
    return Form(sent.dict())


def read(kind: type[Read], values: Mapping[str, object]) -> Read:
    """Check a form's values by the rules of the API's structure, and say what is wrong in a sentence."""
    try:
        return msgspec.convert(values, kind, strict=False)
    except msgspec.ValidationError as error:
        field = next(iter(re.findall(r"\$\.(\w+)", str(error))), "")
        message = f"{_RULES.get(field, 'A field of the form cannot be read.')} Nothing was stored."
        raise BadInput(message) from error
