'use client'

import { createContext, type ReactNode, useContext } from 'react'
import type { Role } from '@/lib/services/context.ts'
import { type Action, isRoleEnough, LEAST_ROLE } from '@/lib/services/policy.ts'

const RoleContext = createContext<Role>('viewer')

export function RoleProvider({ role, children }: { role: Role; children: ReactNode }) {
  return <RoleContext.Provider value={role}>{children}</RoleContext.Provider>
}

/** Why whoever is signed in may not do it; null when they may. The service refuses it as well: this only says so before. */
export function useLack(action: Action): string | null {
  const role = useContext(RoleContext)
  return isRoleEnough(role, action) ? null : `Needs the role ${LEAST_ROLE[action]}; yours is ${role}`
}
