"""Drives a Conjur by conjur-api, CyberArk's own client for Python, unchanged.

Reads one JSON object from standard input: url, account, login and apiKey of a host, the names of variables, a user's name
and password, and the CA's file. Prints a line for every thing that worked; what does not work raises.
"""

import asyncio
import json
import sys

from conjur_api import Client
from conjur_api.errors.errors import HttpStatusError
from conjur_api.models import ConjurConnectionInfo, CredentialsData, SslVerificationMode
from conjur_api.providers import AuthnAuthenticationStrategy, SimpleCredentialsProvider


def client(given, login, **secret):
    connection = ConjurConnectionInfo(
        conjur_url=given["url"], account=given["account"], cert_file=given["ca"]
    )
    credentials = SimpleCredentialsProvider()
    credentials.save(CredentialsData(username=login, machine=given["url"], **secret))
    return Client(
        connection,
        authn_strategy=AuthnAuthenticationStrategy(credentials),
        ssl_verification_mode=SslVerificationMode.CA_BUNDLE,
    )


async def refused(status, action):
    try:
        await action
    except HttpStatusError as error:
        assert error.status == status, error.status
        return error
    raise AssertionError(f"{status} was expected")


async def main():
    given = json.load(sys.stdin)
    names = given["variables"]
    host = client(given, given["login"], api_key=given["apiKey"])

    whoami = await host.whoami()
    assert whoami["account"] == given["account"] and whoami["username"] == given["login"], whoami
    print("authenticated by API key")

    assert await host.get(names["plain"]) == b"a plain value"
    assert await host.get(names["odd"]) == "☃ odd".encode()
    print("one secret")

    assert await host.get(names["plain"], "1") == b"the value before"
    assert await host.get(names["plain"], "2") == b"a plain value"
    await refused(404, host.get(names["plain"], "3"))
    print("versions")

    values = await host.get_many(names["plain"], names["odd"])
    assert values == {names["plain"]: "a plain value", names["odd"]: "☃ odd"}, values
    print("many secrets")

    await refused(404, host.get_many(names["plain"], "data/nothing"))
    await refused(403, host.get_many(names["plain"], names["visible"]))
    await refused(403, host.get_many(names["plain"], names["hidden"]))
    await refused(404, host.get_many(names["plain"], names["plain"]))
    await refused(406, host.get_many(names["plain"], names["binary"]))
    print("all or nothing")

    await refused(404, host.get("data/nothing"))
    await refused(404, host.get(names["empty"]))
    await refused(404, host.get(names["hidden"]))
    await refused(403, host.get(names["visible"]))
    await refused(403, host.set(names["plain"], "x"))
    print("missing, hidden, forbidden")

    listed = await host.list({"kind": "variable"})
    assert f"{given['account']}:variable:{names['plain']}" in listed
    assert f"{given['account']}:variable:{names['visible']}" in listed
    assert f"{given['account']}:variable:{names['hidden']}" not in listed
    first = await host.list({"kind": "variable", "limit": 1})
    second = await host.list({"kind": "variable", "limit": 1, "offset": 1})
    assert [*first, *second] == listed[:2] and listed == sorted(listed)
    assert await host.list({"kind": "variable", "search": "plain"}) == [f"{given['account']}:variable:{names['plain']}"]
    print("lists")

    assert await host.check_privilege("variable", names["plain"], "execute")
    assert not await host.check_privilege("variable", names["visible"], "execute")
    assert not await host.resource_exists("variable", names["hidden"])
    shown = await host.get_resource("variable", names["plain"])
    assert [secret["version"] for secret in shown["secrets"]] == [1, 2], shown
    print("privileges")

    kind, _, identifier = given["login"].partition("/")
    role = await host.get_role(kind, identifier)
    assert role["id"] == f"{given['account']}:{kind}:{identifier}", role
    assert f"{given['account']}:group:readers" in await host.role_memberships(kind, identifier, True)
    print("roles")

    wrong = client(given, given["login"], api_key="wrong")
    await refused(401, wrong.whoami())
    await refused(401, client(given, "host/nobody", api_key=given["apiKey"]).whoami())
    print("wrong credentials")

    user = client(given, given["user"], password=given["password"])
    assert await user.login() == given["userApiKey"]
    await user.set(names["plain"], "written by a user")
    assert await host.get(names["plain"]) == b"written by a user"
    await refused(422, user.set(names["plain"], ""))
    print("logged in by password, written")


asyncio.run(main())
