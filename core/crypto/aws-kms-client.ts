/**
 * What is used of the KMS client, in a module of its own that is loaded by `import()`: a bundler then leaves out the rest
 * of the SDK, four fifths of it.
 */
export { DecryptCommand, GenerateDataKeyCommand, KMSClient } from "@aws-sdk/client-kms"
