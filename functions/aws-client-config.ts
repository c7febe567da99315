import type { DynamoDBClientConfig } from "@aws-sdk/client-dynamodb"
import type { KMSClientConfig } from "@aws-sdk/client-kms"

/**
 * How the functions' own AWS clients are made. Whatever is not stated here the SDK looks for in variables and then in files of
 * the home folder, which takes a tenth of a cold start, and on Lambda finds nothing. Nor shall anyone else say where AWS is: the
 * sandbox's variables do, and a deployed function that has them does not start.
 */
export function awsClientConfig(service: "DYNAMODB" | "KMS") {
  const { env } = process
  const endpoint = env[`AWS_ENDPOINT_URL_${service}`]
  return {
    ...(endpoint === undefined ? { ignoreConfiguredEndpointUrls: true } : { endpoint }),
    ...(env.AWS_REGION !== undefined && { region: env.AWS_REGION }),
    accountIdEndpointMode: "disabled",
    authSchemePreference: ["sigv4"],
    defaultsMode: "standard",
    disableClockSkewCorrection: false,
    maxAttempts: 3,
    requestHandler: { connectionTimeout: 1_000, requestTimeout: 3_000, throwOnRequestTimeout: true },
    retryMode: "standard",
    useDualstackEndpoint: false,
    useFipsEndpoint: false,
    userAgentAppId: "latchkey",
  } satisfies DynamoDBClientConfig & KMSClientConfig
}
