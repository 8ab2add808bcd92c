import { plural } from '@/app/_ui/format-number.ts'

/** What the button does and to how much: `Write 214 znodes to orders-prod`, `Write 3 and delete 2 znodes on orders-prod`. */
export function describePlanButton(
  plan: { readonly creates: number; readonly updates: number; readonly deletes: number; readonly aclChanges: number },
  clusterName: string,
): string {
  const writes = plan.creates + plan.updates
  if (writes > 0 && plan.deletes > 0) {
    return `Write ${plural(writes, 'znode')} to and delete ${plan.deletes.toLocaleString('en-US')} from ${clusterName}`
  }
  if (writes > 0) return `Write ${plural(writes, 'znode')} to ${clusterName}`
  if (plan.deletes > 0) return `Delete ${plural(plan.deletes, 'znode')} from ${clusterName}`
  if (plan.aclChanges > 0) return `Set ${plural(plan.aclChanges, 'ACL')} on ${clusterName}`
  return `Write nothing to ${clusterName}`
}
