"""Drives AWS Secrets Manager and STS by boto3, AWS's own client for Python, unchanged.

Reads one JSON object from standard input: url, region, accessKeyId, secretAccessKey of someone who may do anything, and
roleArn with externalId of a role in another account than that of `principal`'s key (accessKeyId, secretAccessKey).
Moving stages, permissions and signatures are left out where the server is not `complete`.
Prints a line for every thing that worked; what does not work raises.
"""

import json
import sys
import uuid

from boto3_clients import clients, refused


def main():
    given = json.load(sys.stdin)
    client = clients(given)
    secrets = client("secretsmanager")
    made = secrets.create_secret(Name="boto/text", SecretString="first ünïcode ☃")
    assert made["ARN"].startswith("arn:aws:secretsmanager:") and made["Name"] == "boto/text"
    assert secrets.get_secret_value(SecretId="boto/text")["SecretString"] == "first ünïcode ☃"
    assert secrets.get_secret_value(SecretId=made["ARN"])["VersionStages"] == ["AWSCURRENT"]
    assert secrets.get_secret_value(SecretId=made["ARN"][:-7])["VersionId"] == made["VersionId"]
    refused("ResourceExistsException", secrets.create_secret, Name="boto/text", SecretString="x")
    refused("ResourceNotFoundException", secrets.get_secret_value, SecretId="boto/none")
    print("text")

    secrets.create_secret(Name="boto/bytes", SecretBinary=bytes(range(256)))
    assert secrets.get_secret_value(SecretId="boto/bytes")["SecretBinary"] == bytes(range(256))
    print("bytes")

    token = str(uuid.uuid4())
    put = secrets.put_secret_value(SecretId="boto/text", SecretString="second", ClientRequestToken=token)
    assert put["VersionId"] == token and put["VersionStages"] == ["AWSCURRENT"]
    assert secrets.get_secret_value(SecretId="boto/text")["SecretString"] == "second"
    before = secrets.get_secret_value(SecretId="boto/text", VersionStage="AWSPREVIOUS")
    assert before["SecretString"].startswith("first") and before["VersionId"] == made["VersionId"]
    assert secrets.get_secret_value(SecretId="boto/text", VersionId=made["VersionId"])["VersionStages"] == ["AWSPREVIOUS"]
    secrets.put_secret_value(SecretId="boto/text", SecretString="third", VersionStages=["pending"])
    assert secrets.get_secret_value(SecretId="boto/text", VersionStage="pending")["SecretString"] == "third"
    assert secrets.get_secret_value(SecretId="boto/text")["SecretString"] == "second"
    refused("ResourceNotFoundException", secrets.get_secret_value, SecretId="boto/text", VersionStage="none")
    refused("ResourceNotFoundException", secrets.get_secret_value, SecretId="boto/text", VersionId=str(uuid.uuid4()))
    assert len(secrets.list_secret_version_ids(SecretId="boto/text")["Versions"]) == 3
    stages = secrets.describe_secret(SecretId="boto/text")["VersionIdsToStages"]
    assert stages[token] == ["AWSCURRENT"] and stages[made["VersionId"]] == ["AWSPREVIOUS"]
    print("versions and stages")

    batch = secrets.batch_get_secret_value(SecretIdList=["boto/bytes", "boto/none", "boto/text"])
    assert [one["Name"] for one in batch["SecretValues"]] == ["boto/bytes", "boto/text"]
    assert [(one["SecretId"], one["ErrorCode"]) for one in batch["Errors"]] == [("boto/none", "ResourceNotFoundException")]
    found = secrets.batch_get_secret_value(Filters=[{"Key": "name", "Values": ["boto/"]}])
    assert len(found["SecretValues"]) == 2
    print("batches")

    secrets.create_secret(Name="boto/deep/one", SecretString="1")
    pages = secrets.get_paginator("list_secrets").paginate(
        Filters=[{"Key": "name", "Values": ["boto/"]}], PaginationConfig={"PageSize": 1}
    )
    assert sorted(one["Name"] for page in pages for one in page["SecretList"]) == ["boto/bytes", "boto/deep/one", "boto/text"]
    print("lists")

    gone = secrets.delete_secret(SecretId="boto/bytes", RecoveryWindowInDays=7)
    assert gone["DeletionDate"] and secrets.describe_secret(SecretId="boto/bytes")["DeletedDate"]
    refused("InvalidRequestException", secrets.get_secret_value, SecretId="boto/bytes")
    names = [one["Name"] for one in secrets.list_secrets()["SecretList"]]
    assert "boto/bytes" not in names and "boto/text" in names
    secrets.restore_secret(SecretId="boto/bytes")
    assert secrets.get_secret_value(SecretId="boto/bytes")["SecretBinary"]
    secrets.delete_secret(SecretId="boto/bytes", ForceDeleteWithoutRecovery=True)
    refused("ResourceNotFoundException", secrets.describe_secret, SecretId="boto/bytes")
    print("deleted and restored")

    sts = client("sts")
    identity = sts.get_caller_identity()
    assert identity["Arn"].split(":")[4] == identity["Account"] and identity["UserId"]
    assume = client("sts", given["principal"]).assume_role
    role = {"RoleArn": given["roleArn"], "RoleSessionName": "boto3"}
    session = assume(**role, ExternalId=given["externalId"], DurationSeconds=900)["Credentials"]
    key = {
        "accessKeyId": session["AccessKeyId"],
        "secretAccessKey": session["SecretAccessKey"],
        "sessionToken": session["SessionToken"],
    }
    assert client("sts", key).get_caller_identity()["Arn"].endswith("/boto3")
    assert client("secretsmanager", key).get_secret_value(SecretId="boto/text")["SecretString"]
    print("roles")

    if not given["complete"]:
        return
    secrets.update_secret_version_stage(
        SecretId="boto/text", VersionStage="AWSCURRENT", MoveToVersionId=made["VersionId"], RemoveFromVersionId=token
    )
    assert secrets.get_secret_value(SecretId="boto/text")["SecretString"].startswith("first")
    stages = secrets.describe_secret(SecretId="boto/text")["VersionIdsToStages"]
    assert stages[made["VersionId"]] == ["AWSCURRENT"] and stages[token] == ["AWSPREVIOUS"]
    print("moved stages")

    refused("AccessDenied", assume, **role)
    refused("AccessDenied", assume, **role, ExternalId="another")
    refused("AccessDeniedException", client("secretsmanager", key).delete_secret, SecretId="boto/text")
    nothing = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]})
    bound = assume(**role, ExternalId=given["externalId"], Policy=nothing)["Credentials"]
    bound = {"accessKeyId": bound["AccessKeyId"], "secretAccessKey": bound["SecretAccessKey"], "sessionToken": bound["SessionToken"]}
    refused("AccessDeniedException", client("secretsmanager", bound).get_secret_value, SecretId="boto/text")
    print("denied")

    wrong = {"secretAccessKey": "wrong"}
    refused("InvalidSignatureException", client("secretsmanager", **wrong).list_secrets)
    refused("SignatureDoesNotMatch", client("sts", **wrong).get_caller_identity)
    unknown = {"accessKeyId": "AKIAIOSFODNN7EXAMPLE"}
    refused("UnrecognizedClientException", client("secretsmanager", **unknown).list_secrets)
    refused("InvalidClientTokenId", client("sts", **unknown).get_caller_identity)
    refused("UnrecognizedClientException", client("secretsmanager", key, sessionToken="another").list_secrets)
    print("signatures")


main()
