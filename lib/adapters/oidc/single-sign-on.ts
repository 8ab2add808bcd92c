/** A role as the mapping may give it; the same words as `Role` of the services. */
export type MappedRole = 'none' | 'viewer' | 'operator' | 'admin'

/** The section `singleSignOn` of the configuration file, after the environment had its say. */
export interface SingleSignOnSettings {
  readonly issuer: string
  readonly clientId: string
  /** Null for a public client: PKCE alone protects the code then. */
  readonly clientSecret: string | null
  readonly scopes: readonly string[]
  /** Name of the claim, or a way into it with dots: `realm_access.roles`. */
  readonly groupsClaim: string
  /** Group → overall role; who has several gets the highest. */
  readonly roles: Readonly<Record<string, MappedRole>>
  /** Cluster name → group → role there. */
  readonly clusterRoles: Readonly<Record<string, Readonly<Record<string, MappedRole>>>>
  /** Lower case; empty: any. */
  readonly allowedDomains: readonly string[]
  /** The provider gives an address only to whom it belongs, though it does not say so. */
  readonly assumeEmailVerified: boolean
  readonly label: string
  readonly createPeople: boolean
  readonly linkByEmail: boolean
  /** Lower-case addresses of those who may still use a password; `everyone` for no limit. */
  readonly passwordSignIn: 'everyone' | readonly string[]
  readonly sessionMs: number
  /** Signing out goes on to the provider's own sign-out. */
  readonly signOutAtProvider: boolean
}

/** Who has signed in at the provider, as its signed answer says. */
export interface ProviderIdentity {
  readonly issuer: string
  /** Of one person at one issuer, for ever. */
  readonly subject: string
  readonly email: string | null
  readonly isEmailVerified: boolean
  readonly name: string | null
  readonly groups: readonly string[]
}

/** What ties an answer to the browser that asked; kept by the browser, signed by us. */
export interface SignInChecks {
  readonly state: string
  readonly nonce: string
  readonly codeVerifier: string
}

/** All methods throw OidcError. */
export interface IdentityProvider {
  /** Where to send the browser. */
  begin(redirectUri: string): Promise<{ readonly url: string; readonly checks: SignInChecks }>
  /** `search` is the query of the address that the browser came back to. */
  finish(redirectUri: string, search: string, checks: SignInChecks): Promise<ProviderIdentity>
  /** Null: the provider has no sign-out of its own. */
  endSessionUrl(returnTo: string): Promise<string | null>
}
