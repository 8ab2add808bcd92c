// What the tests use of a package that brings no types.
declare module 'oidc-provider' {
  type Claims = Readonly<Record<string, unknown>>

  interface Grant {
    addOIDCScope(scope: string): void
    save(): Promise<string>
  }

  interface Context {
    readonly oidc: {
      readonly client: { readonly clientId: string }
      readonly session: { readonly accountId: string }
      readonly provider: Provider
    }
  }

  export default class Provider {
    constructor(issuer: string, configuration: Readonly<Record<string, unknown>>)
    callback(): (request: import('node:http').IncomingMessage, response: import('node:http').ServerResponse) => void
    interactionFinished(
      request: import('node:http').IncomingMessage,
      response: import('node:http').ServerResponse,
      result: Readonly<Record<string, unknown>>,
    ): Promise<void>
    readonly Grant: new (input: {
      readonly accountId: string
      readonly clientId: string
    }) => Grant
  }

  export type { Claims, Context }
}
