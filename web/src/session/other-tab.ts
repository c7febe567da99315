import { SignInError } from "./sign-in-error.ts"

/** Between a page whose session has ended and the tab in which somebody signs in again: same origin, this browser. */
const channelName = "latchkey.sign-in"

type Message =
  | { kind: "answer"; state: string; query: string }
  | { kind: "result"; state: string; reason?: SignInError["reason"] }

/** How long the page that waits may take to get its tokens. */
const patienceMs = 15_000

/**
 * In the other tab: hands the issuer's answer to the page that began the sign-in. The code in it is of use to that page
 * alone, which has its verifier.
 * @throws SignInError why it came to nothing; `elsewhere` where no page answers
 */
export async function handOver(query: URLSearchParams): Promise<void> {
  const state = query.get("state") ?? ""
  const channel = new BroadcastChannel(channelName)
  try {
    const reason = await new Promise<SignInError["reason"] | undefined>((resolve) => {
      const timer = setTimeout(() => resolve("elsewhere"), patienceMs)
      channel.onmessage = ({ data }: MessageEvent<Message>) => {
        if (data.kind !== "result" || data.state !== state) return
        clearTimeout(timer)
        resolve(data.reason)
      }
      post(channel, { kind: "answer", state, query: query.toString() })
    })
    if (reason !== undefined) throw new SignInError(reason)
  } finally {
    channel.close()
  }
}

/**
 * In the page that waits: calls `take` with the issuer's answer to the sign-in of this state, and tells the other tab what
 * came of it. Returns what ends the waiting.
 */
export function awaitHandOver(
  state: string,
  take: (query: URLSearchParams) => Promise<SignInError["reason"] | undefined>,
): () => void {
  const channel = new BroadcastChannel(channelName)
  channel.onmessage = async ({ data }: MessageEvent<Message>) => {
    if (data.kind !== "answer" || data.state !== state) return
    const reason = await take(new URLSearchParams(data.query))
    // By a channel of its own, since this page may have gone on and closed the other.
    const reply = new BroadcastChannel(channelName)
    post(reply, { kind: "result", state, ...(reason && { reason }) })
    reply.close()
  }
  return () => channel.close()
}

const post = (channel: BroadcastChannel, message: Message) => channel.postMessage(message)
