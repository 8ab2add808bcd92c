import type { Role } from '../context.ts'

export interface ClusterNameView {
  readonly id: string
  readonly name: string
}

export interface ClusterRoleView {
  readonly clusterId: string
  readonly clusterName: string
  readonly role: Role
}

export interface PersonView {
  readonly id: string
  readonly name: string
  readonly email: string
  readonly role: Role
  /** Where it is another one, by name; of the clusters that whoever asks sees. */
  readonly clusterRoles: readonly ClusterRoleView[]
  /** Null: may sign in. */
  readonly deactivatedAt: string | null
  readonly createdAt: string
  /** Of the sessions that are open; null when none is. */
  readonly seenAt: string | null
  readonly isYou: boolean
  /** Open ones. */
  readonly sessions: number
  /** No password is looked at until then, after failed attempts; null for open, and for who may not open it. */
  readonly closedUntil: string | null
  /** How this person comes in; single sign-on also sets the roles, at each sign-in. */
  readonly signsInWith: readonly ('password' | 'provider')[]
}

export interface InvitationView {
  readonly id: string
  readonly email: string
  readonly role: Role
  readonly invitedByName: string
  readonly createdAt: string
  readonly expiresAt: string
  readonly state: 'open' | 'expired'
}

export interface PeopleView {
  readonly people: readonly PersonView[]
  /** Those that whoever asks sees, by name. */
  readonly clusters: readonly ClusterNameView[]
  /** Open and expired ones; null for who may not invite. */
  readonly invitations: readonly InvitationView[] | null
}

/** What the link shows before it is used. */
export interface OpenInvitationView {
  readonly email: string
  readonly role: Role
  readonly expiresAt: string
}

export interface SessionView {
  readonly id: string
  readonly isThis: boolean
  readonly ip: string | null
  readonly userAgent: string | null
  readonly createdAt: string
  readonly seenAt: string
}
