import type { Operation } from "../contract/operation.ts"
import type { operations } from "../contract/operations/index.ts"
import type { OperationId } from "../contract/routes.ts"

type Operations = typeof operations

export interface CallOptions {
  signal?: AbortSignal
}

export interface GuardedCallOptions extends CallOptions {
  /** The version that the change is meant for; where it differs, nothing changes: `VERSION_CONFLICT`. */
  ifMatch?: number
}

/** Path parameters, query and body in one object: their names never meet. */
export type InputOf<Id extends OperationId> = Flat<
  Part<ParamsOf<Operations[Id]>> & Part<QueryInputOf<Operations[Id]>> & Part<BodyInputOf<Operations[Id]>>
>

/** What the operation answers; nothing where it answers 204. */
export type ReplyOf<Id extends OperationId> =
  Operations[Id] extends Operation<infer _P, infer _Q, infer _B, infer Reply, infer _QI, infer _BI>
    ? Reply extends undefined
      ? undefined
      : Reply
    : never

export interface SignedCallOptions extends CallOptions {
  /** Of the connection's webhook. */
  secret: string
}

type OptionsOf<Id extends OperationId> = Id extends "updateConnection" ? GuardedCallOptions : CallOptions

/** A method of the client: the input may be left out where nothing in it is required. */
export type Method<Id extends OperationId> =
  object extends InputOf<Id>
    ? (input?: InputOf<Id>, options?: OptionsOf<Id>) => Promise<ReplyOf<Id>>
    : (input: InputOf<Id>, options?: OptionsOf<Id>) => Promise<ReplyOf<Id>>

export type Methods = { [Id in Exclude<OperationId, "rotated">]: Method<Id> } & {
  /** Signs what it sends with the webhook's secret; the client's token is not needed for it. */
  rotated(input: InputOf<"rotated">, options: SignedCallOptions): Promise<ReplyOf<"rotated">>
}

type ParamsOf<O> =
  O extends Operation<infer P, infer _Q, infer _B, infer _R, infer _QI, infer _BI> ? P : never
type QueryInputOf<O> =
  O extends Operation<infer _P, infer _Q, infer _B, infer _R, infer QI, infer _BI> ? QI : never
type BodyInputOf<O> =
  O extends Operation<infer _P, infer _Q, infer _B, infer _R, infer _QI, infer BI> ? BI : never

type Part<T> = [T] extends [undefined] ? unknown : Loose<T>

/** Fields that may be left out may be undefined too: JSON and queries drop them. */
type Loose<T> = T extends object
  ? { [K in keyof T]: object extends Pick<T, K & keyof T> ? T[K] | undefined : T[K] }
  : T

type Flat<T> = unknown extends T ? Record<never, never> : { [K in keyof T]: T[K] }
