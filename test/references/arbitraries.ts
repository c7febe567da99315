import fc from "fast-check"
import type { ReferenceTarget } from "../../core/references/reference.ts"
import type { ReferenceOptions } from "../../core/references/reference-options.ts"

export const id = "smc_V1StGXR8_Z5jdHi6B-myT"
export const movedId = "V1StGXR8Z5jdHi6BamyTx"

/** Texts made of what the grammar gives a meaning to, so that most of them are nearly a template. */
export const trickyText = fc.string({
  unit: fc.constantFrom(
    ..."\\{}? /&=%~#a\ud800é😀",
    "{{",
    "}}",
    "\\\\",
    "{{secret://",
    `{{secret://${id}/`,
    `{{secret://${id}/a/b}}`,
    `{{${movedId}|ap_sep_v1|`,
    "|ap_sep_v1|",
    "?version=1",
    "&pointer=/a",
  ),
  maxLength: 30,
})

const anyText = fc.oneof(trickyText, fc.string({ unit: "binary" }))

export const connectionId = fc.constantFrom(id, movedId)

export const path = anyText.filter((text) => text !== "" && text.length < 500)

export const options: fc.Arbitrary<ReferenceOptions> = fc.record(
  {
    version: anyText,
    stage: anyText,
    pointer: fc.constantFrom("", "/", "/a~1b/~0", "/a b/é", "/}}/?&=%\\+#"),
    encoding: fc.constant("base64"),
    attribute: anyText,
  },
  { requiredKeys: [] },
)

export const target: fc.Arbitrary<ReferenceTarget> = fc.record({ connectionId, path, options })
