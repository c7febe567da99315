/**
 * Events of EventBridge as AWS documents them, with ids of its examples.
 * @see https://docs.aws.amazon.com/secretsmanager/latest/userguide/monitoring-eventbridge.html
 * @see https://docs.aws.amazon.com/secretsmanager/latest/userguide/cloudtrail_log_entries.html
 * @see https://docs.aws.amazon.com/systems-manager/latest/userguide/monitoring-systems-manager-event-examples.html
 */
export const account = "123456789012"
export const region = "us-west-2"
const arn = `arn:aws:secretsmanager:${region}:${account}:secret:prod/db-a1b2c3`

const envelope = {
  version: "0",
  id: "79f04f06-924c-7a00-b3f8-e532167d23e0",
  account,
  time: "2026-01-01T00:00:20Z",
  region,
  resources: [] as string[],
}

/** A call of Secrets Manager's API. */
export const call = (eventName: string, detail: object = {}) => ({
  ...envelope,
  "detail-type": "AWS API Call via CloudTrail",
  source: "aws.secretsmanager",
  detail: {
    eventVersion: "1.09",
    userIdentity: {
      type: "AssumedRole",
      principalId: "AROAEXAMPLE:rotation",
      arn: `arn:aws:sts::${account}:assumed-role/rotation/rotation`,
      accountId: account,
      accessKeyId: "ASIAEXAMPLE",
    },
    eventTime: envelope.time,
    eventSource: "secretsmanager.amazonaws.com",
    eventName,
    awsRegion: region,
    sourceIPAddress: "192.0.2.1",
    userAgent: "aws-cli/2.15.0",
    requestParameters: { secretId: arn, clientRequestToken: "4d383ea9-084a-49c9-8722-cbfb0f25c456" },
    responseElements: { arn },
    requestID: "9d7e0bd5-d5c8-4b2e-9d5b-bb5c9e6c3f4a",
    eventID: "6f4c7b4e-54a3-4b59-a4d7-2c7f3b3f2e0b",
    readOnly: false,
    eventType: "AwsApiCall",
    managementEvent: true,
    recipientAccountId: account,
    eventCategory: "Management",
    ...detail,
  },
})

/** Something that Secrets Manager does by itself. */
export const serviceEvent = (eventName: string) => ({
  ...envelope,
  "detail-type": "AWS Service Event via CloudTrail",
  source: "aws.secretsmanager",
  detail: {
    eventVersion: "1.08",
    userIdentity: { accountId: account, invokedBy: "secretsmanager.amazonaws.com" },
    eventTime: envelope.time,
    eventSource: "secretsmanager.amazonaws.com",
    eventName,
    awsRegion: region,
    sourceIPAddress: "secretsmanager.amazonaws.com",
    userAgent: "secretsmanager.amazonaws.com",
    requestParameters: null,
    responseElements: null,
    additionalEventData: { SecretId: arn },
    eventID: "0a1b2c3d-0000-4000-8000-000000000000",
    readOnly: false,
    eventType: "AwsServiceEvent",
    managementEvent: true,
    recipientAccountId: account,
    eventCategory: "Management",
  },
})

export const parameterChange = (operation: string) => ({
  ...envelope,
  "detail-type": "Parameter Store Change",
  source: "aws.ssm",
  resources: [`arn:aws:ssm:${region}:${account}:parameter/prod/db`],
  detail: { operation, name: "/prod/db", type: "SecureString", description: "Sample Parameter" },
})

/** By name, each of which changes what reading a secret gives. */
export const changes = {
  "a value put": call("PutSecretValue"),
  "a secret updated": call("UpdateSecret"),
  "a label moved": call("UpdateSecretVersionStage"),
  "a secret deleted": call("DeleteSecret", { responseElements: { arn, name: "prod/db", deletionDate: "x" } }),
  "a secret restored": call("RestoreSecret"),
  "a replica removed": call("RemoveRegionsFromReplication"),
  "a call with a null for its error": call("PutSecretValue", { errorCode: null, errorMessage: null }),
  "a rotation": serviceEvent("RotationSucceeded"),
  "the end of a deletion": serviceEvent("EndSecretVersionDelete"),
  "a parameter changed": parameterChange("Update"),
  "a parameter deleted": parameterChange("Delete"),
  "a label of a parameter": parameterChange("LabelParameterVersion"),
}

/** By name, with why nothing follows. */
export const others: Record<string, [event: unknown, ignored: string]> = {
  "a read": [call("GetSecretValue", { readOnly: true }), "changes no secret's value"],
  "a tag": [call("TagResource"), "changes no secret's value"],
  "a failed rotation": [serviceEvent("RotationFailed"), "changes no secret's value"],
  "a call's name in a service's event": [serviceEvent("PutSecretValue"), "changes no secret's value"],
  "a call that was denied": [
    call("PutSecretValue", { errorCode: "AccessDenied", responseElements: null }),
    "a call that failed",
  ],
  "a call of another service": [
    call("PutSecretValue", { eventSource: "sts.amazonaws.com" }),
    "not of Secrets Manager",
  ],
  "a sign-in": [
    { ...call("PutSecretValue"), "detail-type": "AWS Console Sign In via CloudTrail" },
    "not a call or event of Secrets Manager",
  ],
  "a name that objects inherit": [
    { ...call("PutSecretValue"), "detail-type": "constructor" },
    "not a call or event of Secrets Manager",
  ],
  "another event of Systems Manager": [
    { ...parameterChange("Update"), "detail-type": "Parameter Store Policy Action" },
    "not a change of a parameter",
  ],
  "an application's own event": [
    { ...call("PutSecretValue"), source: "com.example" },
    "not of a service that keeps secrets",
  ],
  "a source that only looks like AWS": [
    { ...call("PutSecretValue"), source: "aws.secretsmanager.example" },
    "not of a service that keeps secrets",
  ],
  "an account that is none": [{ ...call("PutSecretValue"), account: "1234" }, malformed()],
  "a region that is none": [{ ...call("PutSecretValue"), region: "us-west-2 OR 1=1" }, malformed()],
  "a time that is none": [{ ...call("PutSecretValue"), time: "yesterday" }, malformed()],
  "no detail": [{ ...call("PutSecretValue"), detail: undefined }, malformed()],
  "a list": [[call("PutSecretValue")], malformed()],
  nothing: [null, malformed()],
  "a request of API Gateway": [{ httpMethod: "POST", body: "{}" }, malformed()],
}

function malformed() {
  return "not an event of EventBridge's form"
}
