"""Drives AWS Systems Manager Parameter Store by boto3, AWS's own client for Python, unchanged.

Reads one JSON object from standard input: url, region, accessKeyId, secretAccessKey of someone who may do anything, and
those of a `reader` who may read below /boto/app and list nothing.
Selectors and permissions are left out where the server is not `complete`.
Prints a line for every thing that worked; what does not work raises.
"""

import json
import sys

from boto3_clients import clients, refused


def main():
    given = json.load(sys.stdin)
    client = clients(given)
    ssm = client("ssm")

    def value(name, **more):
        return ssm.get_parameter(Name=name, **more)["Parameter"]["Value"]

    made = ssm.put_parameter(Name="/boto/app/plain", Value="first ünïcode ☃", Type="String")
    assert made["Version"] == 1 and made["Tier"] == "Standard"
    assert value("/boto/app/plain") == "first ünïcode ☃"
    found = ssm.get_parameter(Name="/boto/app/plain")["Parameter"]
    assert found["ARN"].startswith("arn:aws:ssm:") and found["ARN"].endswith(":parameter/boto/app/plain")
    assert (found["Name"], found["Type"], found["DataType"]) == ("/boto/app/plain", "String", "text")
    refused("ParameterAlreadyExists", ssm.put_parameter, Name="/boto/app/plain", Value="x", Type="String")
    refused("ParameterNotFound", ssm.get_parameter, Name="/boto/none")
    ssm.put_parameter(Name="bare", Value="a,b", Type="StringList")
    assert value("bare") == "a,b"
    print("text")

    ssm.put_parameter(Name="/boto/app/sealed", Value="secret", Type="SecureString")
    assert value("/boto/app/sealed") != "secret"
    assert value("/boto/app/sealed", WithDecryption=True) == "secret"
    print("sealed")

    again = ssm.put_parameter(Name="/boto/app/plain", Value="second", Type="String", Overwrite=True)
    assert again["Version"] == 2 and value("/boto/app/plain") == "second"
    assert value("/boto/app/plain:1").startswith("first")
    labelled = ssm.label_parameter_version(Name="/boto/app/plain", ParameterVersion=1, Labels=["stable"])
    assert labelled["InvalidLabels"] == []
    assert value("/boto/app/plain:stable").startswith("first")
    print("versions and labels")

    many = ssm.get_parameters(Names=["/boto/app/plain", "/boto/none", "/boto/app/sealed"], WithDecryption=True)
    assert sorted(one["Name"] for one in many["Parameters"]) == ["/boto/app/plain", "/boto/app/sealed"]
    assert many["InvalidParameters"] == ["/boto/none"]
    refused("ValidationException", ssm.get_parameters, Names=[f"/boto/{n}" for n in range(11)])
    print("several")

    for n in range(3):
        ssm.put_parameter(Name=f"/boto/list/deep/{n}", Value="value-canary", Type="String")
    listing = ssm.get_paginator("describe_parameters")

    def names(*filters):
        pages = listing.paginate(ParameterFilters=list(filters), PaginationConfig={"PageSize": 1})
        found = [one for page in pages for one in page["Parameters"]]
        assert all("Value" not in one for one in found)
        return sorted(one["Name"] for one in found)

    deep = [f"/boto/list/deep/{n}" for n in range(3)]
    assert names({"Key": "Name", "Option": "BeginsWith", "Values": ["/boto/list/"]}) == deep
    assert names({"Key": "Path", "Option": "Recursive", "Values": ["/boto/list"]}) == deep
    assert names({"Key": "Path", "Option": "OneLevel", "Values": ["/boto/list"]}) == []
    assert names({"Key": "Name", "Values": ["bare"]}) == ["bare"]
    assert names({"Key": "Type", "Values": ["SecureString"]}) == ["/boto/app/sealed"]
    print("lists")

    ssm.delete_parameter(Name="/boto/list/deep/0")
    refused("ParameterNotFound", ssm.delete_parameter, Name="/boto/list/deep/0")
    refused("ParameterNotFound", ssm.get_parameter, Name="/boto/list/deep/0")
    print("deleted")

    if not given["complete"]:
        return
    selected = ssm.get_parameters(Names=["/boto/app/plain:1", "/boto/app/sealed", "/boto/app/plain:9"])
    assert {one["Name"]: one.get("Selector") for one in selected["Parameters"]} == {
        "/boto/app/plain": ":1",
        "/boto/app/sealed": None,
    }
    assert selected["InvalidParameters"] == ["/boto/app/plain:9"]
    assert value(found["ARN"]) == "second"
    print("selectors")

    reader = client("ssm", given["reader"])
    assert len(reader.get_parameters(Names=["/boto/app/plain"])["Parameters"]) == 1
    refused("AccessDeniedException", reader.get_parameters, Names=["/boto/app/plain", "/boto/list/deep/1"])
    refused("AccessDeniedException", reader.describe_parameters)
    refused("AccessDeniedException", reader.put_parameter, Name="/boto/app/x", Value="x", Type="String")
    print("denied")


main()
