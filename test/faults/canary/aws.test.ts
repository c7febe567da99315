import { account } from "../../../local/secret-managers/aws/state.ts"
import { call } from "../../rotation/recorded-events.ts"
import { region, startAwsTarget } from "./aws.ts"
import { canary } from "./search.ts"
import { describeCanaries } from "./suite.ts"

const names = { path: canary("path"), key: canary("key") }
const probe = { probeSecret: canary("probe") }
const values = {
  "a value": canary('value ä "q" +/?&=%\\'),
  "a part of a value": canary("part ö"),
  "a neighbour": canary("neighbour"),
  "another secret's value": canary("bare"),
  "the probe's value": canary("probed"),
  "what is forbidden": canary("forbidden"),
}
const bytes = Buffer.from([0, 255, ...Buffer.from(canary("bytes")), 128])

describeCanaries("aws", () =>
  startAwsTarget({
    providerId: "aws",
    probe,
    seed({ admin }) {
      admin.put(
        names.path,
        JSON.stringify({
          [names.key]: values["a value"],
          json: { part: values["a part of a value"] },
          other: values["a neighbour"],
        }),
      )
      admin.put(`${names.path}/bare`, values["another secret's value"])
      admin.put(`${names.path}/bytes`, { binary: bytes.toString("base64") })
      admin.put(probe.probeSecret, values["the probe's value"])
      admin.put("restricted/x", values["what is forbidden"])
    },
    known: {
      text: { path: `${names.path}#${names.key}`, value: values["a value"] },
      part: { path: `${names.path}#json`, options: "?pointer=/part", value: values["a part of a value"] },
      bare: { path: `${names.path}/bare`, value: values["another secret's value"] },
      bytes: { path: `${names.path}/bytes`, options: "?encoding=base64", value: bytes.toString("base64") },
    },
    failing: [`${names.path}/nothing`, `${names.path}#nothing`, "restricted/x", `${names.path}/bytes`],
    prefix: "",
    values: { ...values, bytes: bytes.subarray(2, -1).toString() },
    names,
    event: {
      ...call("PutSecretValue", {
        requestParameters: { secretId: names.path, secretString: values["a value"] },
      }),
      account,
      region,
    },
  }),
)
