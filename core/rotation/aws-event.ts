import * as z from "zod/mini"
import { awsEvents } from "../contract/aws-events.ts"
import { once } from "../once.ts"

/** Something that AWS says has changed, as far as that matters here. Neither a secret's name nor who did it. */
export interface AwsChange {
  service: "secretsmanager" | "ssm"
  /** Of the secret, 12 digits. EventBridge sets it: senders cannot, nor can they send as an AWS service. */
  account: string
  region: string
  /** When it happened, in milliseconds, cut to the second. */
  at: number
}

/** `ignored` says in our own words why an event is not acted on. */
export type AwsEventReading = { change: AwsChange } | { ignored: string }

/**
 * What an EventBridge event says. Never throws, whatever it is given.
 * @see https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html
 */
export function readAwsEvent(event: unknown): AwsEventReading {
  const { data } = z.safeParse(envelope(), event)
  if (!data) return { ignored: "not an event of EventBridge's form" }
  const { account, region, time, detail } = data
  const place = { account, region, at: Date.parse(time) }
  switch (data.source) {
    case awsEvents.parameterStore.source:
      if (data["detail-type"] !== awsEvents.parameterStore.detailType)
        return { ignored: "not a change of a parameter" }
      return { change: { service: "ssm", ...place } }
    case awsEvents.secretsManager.source: {
      const { eventSource, names } = awsEvents.secretsManager
      const known: Record<string, readonly string[]> = names
      if (detail.eventSource !== eventSource) return { ignored: "not of Secrets Manager" }
      if (!Object.hasOwn(known, data["detail-type"]) || detail.eventName === undefined)
        return { ignored: "not a call or event of Secrets Manager" }
      if (!known[data["detail-type"]]?.includes(detail.eventName))
        return { ignored: "changes no secret's value" }
      if (typeof detail.errorCode === "string") return { ignored: "a call that failed" }
      return { change: { service: "secretsmanager", ...place } }
    }
    default:
      return { ignored: "not of a service that keeps secrets" }
  }
}

/** The fields that are looked at. AWS adds others as it likes. */
const envelope = once(() =>
  z.object({
    source: z.string(),
    "detail-type": z.string(),
    account: z.string().check(z.regex(/^[0-9]{12}$/)),
    region: z.string().check(z.regex(/^[a-z]{2}(?:-[a-z]{1,16}){1,3}-[0-9]{1,2}$/)),
    time: z.iso.datetime(),
    detail: z.object({
      eventSource: z.optional(z.string()),
      eventName: z.optional(z.string()),
      // Of a call that succeeded there is none, or null.
      errorCode: z.nullish(z.string()),
    }),
  }),
)
