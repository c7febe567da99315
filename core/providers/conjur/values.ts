import { isObject, own } from "../../json.ts"
import type { HttpResponse } from "../../network/http.ts"
import { isPage, jsonOf } from "../answer.ts"
import { fullId } from "./batches.ts"

/**
 * Whether what answered for one variable can be Conjur. It gives the value as it is, whatever that is, so nothing but the
 * type tells: `application/octet-stream`, or what the variable's annotation `conjur/mime_type` says (`text/plain` in CyberArk's
 * OpenAPI document). A page in HTML is a proxy's, unless it is sent as Conjur sends values, with their transfer encoding
 * (Rails' `send_data`).
 */
export function isValue(answer: Pick<HttpResponse, "headers" | "body">): boolean {
  return !isPage(answer) || answer.headers["content-transfer-encoding"]?.trim().toLowerCase() === "binary"
}

/**
 * The values of a batch, each as its bytes. Undefined where the answer is not what Conjur gives: a JSON object of texts with
 * exactly the ids that were asked for. `ambiguous` where it cannot be told whether the values are base64: Conjur says so by
 * a header, which something in between may have kept, or by the lack of it that it was not asked for base64.
 */
export function valuesIn(
  { headers, body }: Pick<HttpResponse, "headers" | "body">,
  account: string,
  batch: readonly string[],
): Map<string, Buffer> | "ambiguous" | undefined {
  const answer = jsonOf(body)
  if (!isObject(answer) || Object.keys(answer).length !== batch.length) return undefined
  const texts: [document: string, text: string][] = []
  for (const document of batch) {
    const text = own(answer, fullId(account, document))
    if (typeof text !== "string") return undefined
    texts.push([document, text])
  }
  const decodedBy = (encoding: "utf8" | "base64") =>
    new Map(texts.map(([document, text]) => [document, Buffer.from(text, encoding)]))

  const said = headers["content-encoding"]?.trim().toLowerCase() === "base64"
  const possible = texts.every(([, text]) => isBase64(text))
  if (said) return possible ? decodedBy("base64") : undefined
  return possible ? "ambiguous" : decodedBy("utf8")
}

/** Newlines in it are normal: Ruby writes sixty characters a line. */
function isBase64(text: string): boolean {
  const joined = text.replaceAll(/[\r\n]/g, "")
  return joined.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(joined)
}
