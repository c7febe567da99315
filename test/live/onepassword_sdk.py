"""Drives a Connect server by onepasswordconnectsdk, 1Password's own client for Python, unchanged.

Reads one JSON object from standard input: url, token (which may write to one vault), vault (that vault's name), other
(the id of a vault out of scope) and file (title and name of an item with a file, and its content in base64).
Prints a line for every thing that worked; what does not work raises.
"""

import base64
import json
import sys

from onepasswordconnectsdk import load_dict
from onepasswordconnectsdk.client import new_client
from onepasswordconnectsdk.errors import FailedToRetrieveItemException, FailedToRetrieveVaultException
from onepasswordconnectsdk.models import Field, Item, ItemVault, Section


def refused(error, action, *arguments):
    """Runs the action, which must fail by this error."""
    try:
        action(*arguments)
    except error as raised:
        return raised
    raise AssertionError(f"{error.__name__} was expected")


def main():
    given = json.load(sys.stdin)
    client = new_client(given["url"], given["token"])

    vaults = client.get_vaults()
    assert [vault.name for vault in vaults] == [given["vault"]]
    vault = client.get_vault_by_title(given["vault"])
    assert client.get_vault(vault.id).name == given["vault"] and vault.created_at
    print("vaults")

    section = Section(id="sdk", label="From the SDK")
    created = client.create_item(
        vault.id,
        Item(
            title="sdk ü item",
            vault=ItemVault(id=vault.id),
            category="LOGIN",
            tags=["sdk"],
            sections=[section],
            fields=[
                Field(id="username", purpose="USERNAME", type="STRING", value="user", label="username"),
                Field(id="password", purpose="PASSWORD", type="CONCEALED", generate=True, label="password"),
                Field(type="STRING", label="in it", value="ü☃", section={"id": "sdk"}),
                Field(type="OTP", label="code", value="otpauth://totp/x?secret=GEZDGNBVGY3TQOJQ", section={"id": "sdk"}),
            ],
        ),
    )
    assert created.id and created.version == 1 and len(created.fields[1].value) == 32
    print("created")

    for item in (
        client.get_item(created.id, vault.id),
        client.get_item("sdk ü item", given["vault"]),
        client.get_item_by_title("sdk ü item", vault.id),
    ):
        assert item.id == created.id and item.title == "sdk ü item" and item.category == "LOGIN"
        values = {field.label: field.value for field in item.fields}
        assert values["username"] == "user" and values["in it"] == "ü☃"
        assert [field.totp for field in item.fields if field.label == "code"][0].isdigit()
        assert item.sections[0].label == "From the SDK"
    print("read by id and by title")

    summaries = client.get_items(vault.id)
    assert created.id in [summary.id for summary in summaries]
    assert [summary.id for summary in client.get_items(vault.id, 'tag eq "sdk"')] == [created.id]
    assert client.get_items(vault.id, 'title eq "none"') == []
    print("listed and filtered")

    loaded = load_dict(
        client,
        {"name": {"opitem": "sdk ü item", "opfield": ".username", "opvault": vault.id}},
    )
    assert loaded == {"name": "user"}
    print("loaded")

    created.title = "sdk item, renamed"
    updated = client.update_item(created.id, vault.id, created)
    assert updated.version == 2 and client.get_item(created.id, vault.id).title == "sdk item, renamed"
    print("updated")

    holder = client.get_item(given["file"]["item"], vault.id)
    files = client.get_files(holder.id, vault.id)
    assert [file.name for file in files] == [given["file"]["name"]]
    content = base64.b64decode(given["file"]["content"])
    assert client.get_file(files[0].id, holder.id, vault.id).size == len(content)
    assert client.get_file_content(files[0].id, holder.id, vault.id) == content
    assert client.get_file_content(files[0].id, holder.id, vault.id, files[0].content_path) == content
    print("files")

    client.delete_item(created.id, vault.id)
    missing = refused(FailedToRetrieveItemException, client.get_item_by_id, created.id, vault.id)
    assert missing.status_code == 404
    refused(FailedToRetrieveItemException, client.get_item, "sdk item, renamed", vault.id)
    print("deleted and missing")

    assert "not in scope" in str(refused(FailedToRetrieveVaultException, client.get_vault, given["other"]))
    stranger = new_client(given["url"], given["token"][:-4] + "0000")
    assert "401" in str(refused(FailedToRetrieveVaultException, stranger.get_vaults))
    print("refused")


main()
