import type { Answer, Change, Document, Platform, Question } from "./tenant.ts"

/**
 * Instances of Latchkey with all that they share: one store, one Redis, a secret manager for each platform. On both
 * platforms there is a connection of the same id.
 */
export interface World {
  /** Of the clock that everybody has. */
  now(): number
  advance(ms: number): void
  instances: number
  /** By which a platform is known to Latchkey: different in each world. */
  platformId(platform: Platform): string
  /** Asks as a service of the platform does, of documents of its connection. */
  resolve(instance: number, platform: Platform, question: Question): Promise<Answer[]>
  /** What an admin of the platform does, or someone else. Gives the reason or code that it was refused with, if it was. */
  change(instance: number, platform: Platform, change: Change): Promise<string | undefined>
  /** Puts a secret with this text in its fields, or takes it away. */
  write(platform: Platform, document: Document, text: string | undefined): Promise<void>
  /** Whether a platform's secret manager fails whatever it is asked. */
  outage(platform: Platform, on: boolean): void
  /** What the secret managers answer from now on, they have read, but it is on its way. */
  hold(): Held
  /** An instance forgets all that it had in memory. */
  restart(instance: number): Promise<void>
  redis: RedisTrouble
  /** Until work has come as far as it comes without time passing, more or less. */
  begun(work: Promise<unknown>): Promise<void>
  /** What work gives, while time passes as it must. */
  passing<T>(work: Promise<T>): Promise<T>
}

export interface Held {
  /** What is asked from now on is answered as usual. */
  noMore(): void
  /** Lets it arrive. */
  release(): void
}

/** What a Redis does that is not to be relied on, or that somebody else writes to. Entries are picked by a share of all there are. */
export interface RedisTrouble {
  outOfReachOf(instances: readonly number[]): void
  lose(entry: number): Promise<void>
  loseAll(): Promise<void>
  /** Each entry's value under the other's name. */
  swap(entry: number, other: number): Promise<void>
  keepSnapshot(): Promise<void>
  /** What was there at the last snapshot is there again, and lasts: in the place of everything, or over what is there. */
  restore(options: { alone: boolean }): Promise<void>
  /** What becomes of what is written from now on. `lost`: though it is acknowledged. `lasting`: whenever it was to end. */
  writes(are: Writes): void
}

export type Writes = "as they should be" | "lost" | "lasting"
