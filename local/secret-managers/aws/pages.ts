import { own } from "../../../core/json.ts"
import { AwsError, type Call, text } from "./protocol.ts"

/** One page, of `MaxResults` at most, and the token of the next. `usual` where nothing is asked for. @throws AwsError */
export function page<Item>(
  { input, fault }: Call,
  items: readonly Item[],
  { usual, most }: { usual: number; most: number },
): { items: Item[]; next: { NextToken?: string } } {
  const wanted = own(input, "MaxResults") ?? usual
  const token = text(input, "NextToken")
  const start = token === undefined ? 0 : Number(Buffer.from(token, "base64url").toString())
  if (typeof wanted !== "number" || wanted < 1 || wanted > most) {
    throw new AwsError(
      "ValidationException",
      "1 validation error detected: Value at 'maxResults' is out of range",
    )
  }
  if (!Number.isSafeInteger(start))
    throw new AwsError("InvalidNextTokenException", "The NextToken value is invalid.")
  const end = start + Math.min(wanted, fault.pageSize ?? wanted)
  return {
    items: items.slice(start, end),
    next: end < items.length ? { NextToken: Buffer.from(String(end)).toString("base64url") } : {},
  }
}
