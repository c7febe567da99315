/**
 * What AWS tells on EventBridge that can change what reading a secret gives. The deployment's rules let in nothing else, and
 * the function that gets the events believes nothing else.
 * @see https://docs.aws.amazon.com/secretsmanager/latest/userguide/cloudtrail_log_entries.html
 * @see https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-cwe.html
 */
export const awsEvents = {
  /**
   * How long each is kept back, in seconds. A clear covers all that has happened up to five seconds before it, so one that
   * is due has happened later, and comes ten seconds after it at the earliest.
   */
  delaySeconds: 15,
  secretsManager: {
    source: "aws.secretsmanager",
    /** `detail.eventSource`, since what the source says of others' calls would be here too. */
    eventSource: "secretsmanager.amazonaws.com",
    /** By `detail-type`, the values of `detail.eventName`. */
    names: {
      "AWS API Call via CloudTrail": [
        "PutSecretValue",
        "UpdateSecret",
        "UpdateSecretVersionStage",
        "DeleteSecret",
        "RestoreSecret",
        "RemoveRegionsFromReplication",
      ],
      // By AWS itself: of secrets whose rotation it manages nothing else tells.
      "AWS Service Event via CloudTrail": ["RotationSucceeded", "EndSecretVersionDelete"],
    },
  },
  parameterStore: {
    source: "aws.ssm",
    /** Whatever its `operation`: each is a change. */
    detailType: "Parameter Store Change",
  },
} as const
