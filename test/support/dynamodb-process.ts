/** Run as a process of its own, where the embedded DynamoDB is not to take time from its users. Tells its address. */
import { startDynamoDb } from "../../local/dynamodb.ts"

const { url } = await startDynamoDb()
process.send?.({ url })
