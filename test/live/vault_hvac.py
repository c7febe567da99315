"""Drives a Vault by hvac, HashiCorp's API as Python's client speaks it, unchanged.

Reads one JSON object from standard input: url, rootToken and unsealKey, of a server with KV version 2 at secret/; jwt, with
token, another that was signed elsewhere, and publicKey; aws, where the server has that auth method, with what it is told of
who holds which keys.
Prints a line for every thing that worked; what does not work raises.
"""

import json
import sys

import hvac
from hvac import exceptions


def refused(error, action, *arguments, **named):
    """Runs the action, which must fail by this error."""
    try:
        action(*arguments, **named)
    except error as raised:
        return raised
    raise AssertionError(f"{error.__name__} was expected")


def login_by_aws(root, client, aws):
    mount = "hvac-aws"
    root.sys.enable_auth_method("aws", path=mount)
    root.auth.aws.configure(iam_server_id_header_value="vault.example.com", mount_point=mount)
    root.auth.aws.create_role(
        "app", auth_type="iam", bound_iam_principal_arn=[aws["arn"]], policies=["hvac"], mount_point=mount
    )
    keys = (aws["accessKeyId"], aws["secretAccessKey"], aws["sessionToken"])
    principal = {"secret_access_key": keys[1], "session_token": keys[2], "arn": aws["arn"]}
    root.write_data(f"auth/{mount}/sandbox/principal/{keys[0]}", data=principal)
    named = {"role": "app", "mount_point": mount}
    user = client()
    user.auth.aws.iam_login(*keys, header_value="vault.example.com", **named)
    assert user.is_authenticated()
    refused(exceptions.InvalidRequest, client().auth.aws.iam_login, *keys, header_value="another", **named)
    wrong = (keys[0], "wrong", keys[2])
    refused(exceptions.InvalidRequest, client().auth.aws.iam_login, *wrong, header_value="vault.example.com", **named)


def main():
    given = json.load(sys.stdin)

    def client(token=None, namespace=None):
        return hvac.Client(url=given["url"], token=token, namespace=namespace)

    root = client(given["rootToken"])
    assert root.is_authenticated() and root.sys.is_initialized() and not root.sys.is_sealed()
    assert root.sys.read_health_status(method="GET").get("sealed") is False
    print("root token")

    root.sys.enable_secrets_engine("kv", path="hvac-one", options={"version": "1"})
    root.sys.enable_auth_method("approle", path="hvac-role")
    policy = """
    path "secret/data/hvac/*" { capabilities = ["create", "read", "update", "delete"] }
    path "secret/metadata/hvac/*" { capabilities = ["list", "read", "delete"] }
    path "hvac-one/*" { capabilities = ["create", "read", "update", "delete", "list"] }
    """
    root.sys.create_or_update_policy("hvac", policy)
    assert "hvac" in root.sys.list_policies()["data"]["policies"]
    assert "hvac-one/" in root.sys.list_mounted_secrets_engines()["data"]
    assert root.sys.read_policy("hvac")["data"]["rules"].strip() == policy.strip()
    print("mounts and policies")

    approle = root.auth.approle
    mount = "hvac-role"
    approle.create_or_update_approle(
        "app", token_policies=["hvac"], token_ttl="20m", secret_id_num_uses=1, mount_point=mount
    )
    role_id = approle.read_role_id("app", mount_point=mount)["data"]["role_id"]
    secret_id = approle.generate_secret_id("app", mount_point=mount)["data"]["secret_id"]
    app = client()
    login = app.auth.approle.login(role_id, secret_id, mount_point=mount)
    assert login["auth"]["lease_duration"] == 1200 and app.is_authenticated()
    again = refused(exceptions.InvalidRequest, client().auth.approle.login, role_id, secret_id, mount_point=mount)
    assert "invalid role or secret ID" in str(again)
    print("login by AppRole")

    root.sys.enable_auth_method("userpass", path="hvac-pass")
    root.auth.userpass.create_or_update_user(
        "ann", password="pässword", mount_point="hvac-pass", token_policies=["hvac"], token_ttl="20m"
    )
    ann = client()
    login = ann.auth.userpass.login("ann", "pässword", mount_point="hvac-pass")
    assert login["auth"]["lease_duration"] == 1200 and ann.is_authenticated()
    refused(exceptions.InvalidRequest, client().auth.userpass.login, "ann", "wrong", mount_point="hvac-pass")
    print("login by password")

    jwt = given["jwt"]
    root.sys.enable_auth_method("jwt", path="hvac-jwt")
    root.auth.jwt.configure(jwt_validation_pubkeys=[jwt["publicKey"]], path="hvac-jwt")
    root.auth.jwt.create_role(
        "app", "sub", [], bound_audiences=["vault"], token_policies=["hvac"], token_ttl="20m", path="hvac-jwt"
    )
    bearer = client()
    login = bearer.auth.jwt.jwt_login("app", jwt["token"], path="hvac-jwt")
    assert login["auth"]["lease_duration"] == 1200 and bearer.is_authenticated()
    refused(exceptions.InvalidRequest, client().auth.jwt.jwt_login, "app", jwt["another"], path="hvac-jwt")
    print("login by JWT")

    if "aws" in given:
        login_by_aws(root, client, given["aws"])
        print("login by AWS")

    two = app.secrets.kv.v2
    for value in ("first", "second"):
        two.create_or_update_secret("hvac/a b/ü", secret={"value": value, "nested": {"n": 1}})
    read = two.read_secret_version("hvac/a b/ü", raise_on_deleted_version=True)["data"]
    assert read["data"] == {"value": "second", "nested": {"n": 1}} and read["metadata"]["version"] == 2
    older = two.read_secret_version("hvac/a b/ü", version=1, raise_on_deleted_version=True)["data"]
    assert older["data"]["value"] == "first"
    assert two.list_secrets("hvac/")["data"]["keys"] == ["a b/"]
    assert two.list_secrets("hvac/a b")["data"]["keys"] == ["ü"]
    assert two.read_secret_metadata("hvac/a b/ü")["data"]["current_version"] == 2
    print("KV version 2")

    two.delete_latest_version_of_secret("hvac/a b/ü")
    refused(exceptions.InvalidPath, two.read_secret_version, "hvac/a b/ü", raise_on_deleted_version=True)
    deleted = two.read_secret_version("hvac/a b/ü", raise_on_deleted_version=False)["data"]
    assert deleted["data"] is None and deleted["metadata"]["deletion_time"]
    root.secrets.kv.v2.undelete_secret_versions("hvac/a b/ü", versions=[2])
    assert two.read_secret_version("hvac/a b/ü", raise_on_deleted_version=True)["data"]["data"]["value"] == "second"
    root.secrets.kv.v2.destroy_secret_versions("hvac/a b/ü", versions=[1])
    destroyed = refused(exceptions.InvalidPath, two.read_secret_version, "hvac/a b/ü", version=1, raise_on_deleted_version=False)
    assert destroyed.json["data"]["metadata"]["destroyed"] is True
    refused(exceptions.InvalidPath, two.read_secret_version, "hvac/none", raise_on_deleted_version=True)
    two.delete_metadata_and_all_versions("hvac/a b/ü")
    refused(exceptions.InvalidPath, two.list_secrets, "hvac/")
    print("deleted, destroyed, missing")

    one = app.secrets.kv.v1
    one.create_or_update_secret("app/x", secret={"k": "v"}, mount_point="hvac-one")
    assert one.read_secret("app/x", mount_point="hvac-one")["data"] == {"k": "v"}
    assert one.list_secrets("app", mount_point="hvac-one")["data"]["keys"] == ["x"]
    one.delete_secret("app/x", mount_point="hvac-one")
    refused(exceptions.InvalidPath, one.read_secret, "app/x", mount_point="hvac-one")
    wrong = refused(exceptions.InvalidPath, root.secrets.kv.v1.read_secret, "hvac/x", mount_point="secret")
    assert "Invalid path for a versioned K/V secrets engine" in wrong.text
    print("KV version 1")

    refused(exceptions.Forbidden, app.sys.list_mounted_secrets_engines)
    refused(exceptions.Forbidden, two.read_secret_version, "elsewhere", raise_on_deleted_version=True)
    print("denied")

    assert app.auth.token.lookup_self()["data"]["path"] == "auth/hvac-role/login"
    assert app.auth.token.renew_self()["auth"]["lease_duration"] == 1200
    root.auth.token.revoke(app.token)
    assert not app.is_authenticated()
    refused(exceptions.Forbidden, two.read_secret_version, "hvac/none", raise_on_deleted_version=True)
    print("revoked")

    root.sys.create_namespace(path="hvac-team")
    team = client(given["rootToken"], namespace="hvac-team")
    team.sys.enable_secrets_engine("kv", path="team-one", options={"version": "1"})
    team.secrets.kv.v1.create_or_update_secret("x", secret={"k": "team"}, mount_point="team-one")
    assert team.secrets.kv.v1.read_secret("x", mount_point="team-one")["data"] == {"k": "team"}
    refused(exceptions.InvalidPath, root.secrets.kv.v1.read_secret, "x", mount_point="team-one")
    print("namespaces")

    root.sys.seal()
    assert root.sys.is_sealed()
    refused(exceptions.VaultDown, root.secrets.kv.v2.list_secrets, "")
    root.sys.submit_unseal_key(given["unsealKey"])
    assert not root.sys.is_sealed() and root.is_authenticated()
    print("sealed and unsealed")


main()
