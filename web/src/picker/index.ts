/**
 * The secret picker, to be embedded in a platform's own forms:
 *
 *     const source = useSecretSource({ client, projectId })
 *     <SecretField label="API key" source={source} value={value} onChange={setValue} />
 *
 * `value` is a plain text or a reference, never a secret's value. Its looks come from `style/`: load `index.css`, or style
 * the same classes.
 */
export { SecretField, type SecretFieldProps } from "./secret-field.tsx"
export { type SecretSource, useSecretSource } from "./secret-source.ts"
