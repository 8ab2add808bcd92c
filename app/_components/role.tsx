'use client'

import { createContext, type ReactNode, useContext, useMemo } from 'react'
import type { Actor } from '@/lib/services/context.ts'
import { type Action, isOverall, isRoleEnough, LEAST_ROLE, roleAt } from '@/lib/services/policy.ts'

type Roles = Pick<Actor, 'role' | 'clusterRoles'>

const RoleContext = createContext<Roles>({ role: 'none' })
const PlaceContext = createContext<readonly string[]>([])

export function RoleProvider({ role, clusterRoles, children }: Roles & { children: ReactNode }) {
  const roles = useMemo(() => ({ role, clusterRoles }), [role, clusterRoles])
  return <RoleContext.Provider value={roles}>{children}</RoleContext.Provider>
}

/** What is inside concerns these clusters: the roles there count. What is null or not chosen yet says nothing. */
export function AtCluster({ ids, children }: { ids: readonly (string | null | undefined)[]; children: ReactNode }) {
  const known = ids.flatMap((id) => (id ? [id] : []))
  return <PlaceContext.Provider value={known}>{children}</PlaceContext.Provider>
}

/** Why whoever is signed in may not do it; null when they may. The service refuses it as well: this only says so before. */
export function useLack(action: Action): string | null {
  const roles = useContext(RoleContext)
  const places = useContext(PlaceContext)
  const asked = isOverall(action) || places.length === 0 ? [null] : places
  const lacking = asked.find((clusterId) => !isRoleEnough(roleAt(roles, clusterId), action))
  if (lacking === undefined) return null
  const role = roleAt(roles, lacking)
  const where = role === roles.role ? '' : ' at this cluster'
  return `Needs the role ${LEAST_ROLE[action]}; yours is ${role}${where}`
}
