import { account } from "../../../local/secret-managers/aws/state.ts"
import { parameterChange } from "../../rotation/recorded-events.ts"
import { region, startAwsTarget } from "./aws.ts"
import { canary } from "./search.ts"
import { describeCanaries } from "./suite.ts"

const names = { path: canary("path"), key: canary("key") }
const probe = { probeParameter: `/${canary("probe")}` }
const values = {
  "a value": canary('value ä "q" +/?&=%\\'),
  "a part of a value": canary("part ö"),
  "a neighbour": canary("neighbour"),
  "the probe's value": canary("probed"),
  "what is forbidden": canary("forbidden"),
}
const path = `/${names.path}/${names.key}`

describeCanaries("aws-ssm", () =>
  startAwsTarget({
    providerId: "aws-ssm",
    probe,
    seed({ admin }) {
      const put = (Name: string, Value: string) =>
        admin.call("PutParameter", { Name, Value, Type: "SecureString" })
      put(path, values["a value"])
      const json = { part: values["a part of a value"], other: values["a neighbour"] }
      put(`${path}/json`, JSON.stringify(json))
      put(probe.probeParameter, values["the probe's value"])
      put("/restricted/x", values["what is forbidden"])
    },
    known: {
      text: { path, value: values["a value"] },
      part: { path: `${path}/json`, options: "?pointer=/part", value: values["a part of a value"] },
    },
    failing: [`${path}/nothing`, "/restricted/x", `${path}?pointer=/x`, `${path}:7`],
    prefix: `/${names.path}/`,
    values,
    names,
    event: {
      ...parameterChange("Update"),
      detail: { operation: "Update", name: path, type: "SecureString", description: values["a value"] },
      account,
      region,
    },
  }),
)
