"""What the scripts that drive AWS by boto3 begin with."""

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError


def clients(given):
    """How to make clients of a service at given["url"]: with a key, or with that in `given`, some of it changed."""

    def client(service, key=None, **changes):
        key = {**(key or given), **changes}
        return boto3.client(
            service,
            endpoint_url=given["url"],
            region_name=given["region"],
            aws_access_key_id=key["accessKeyId"],
            aws_secret_access_key=key["secretAccessKey"],
            aws_session_token=key.get("sessionToken"),
            config=Config(retries={"max_attempts": 0}),
        )

    return client


def refused(code, action, **named):
    """Runs the action, which must fail by this error."""
    try:
        action(**named)
    except ClientError as raised:
        assert raised.response["Error"]["Code"] == code, raised
        return raised.response["Error"]
    raise AssertionError(f"{code} was expected")
