import 'server-only'
import { load } from '@/app/_server/load.ts'
import { getPhysical, listPhysical } from '@/lib/services/physical/get-physical.ts'
import { getPhysicalDefaults } from '@/lib/services/physical/get-physical-defaults.ts'

export const loadPhysical = (physicalId: string) => load((context) => getPhysical(context, physicalId))

export const loadPhysicals = (clusterId: string) => load((context) => listPhysical(context, clusterId))

export const loadPhysicalDefaults = (backupId: string) => load((context) => getPhysicalDefaults(context, backupId))
