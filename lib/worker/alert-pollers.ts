import { runDueCertificates } from '../services/alerts/look-at-certificates.ts'
import { runDueAlerts } from '../services/alerts/run-due-alerts.ts'
import { runDueDeliveries } from '../services/alerts/run-due-deliveries.ts'
import { runDueDrift } from '../services/alerts/run-due-drift.ts'
import { Poller, type PollerOptions } from './poller.ts'

/** Each of its own: a receiver that does not answer, or a tree that is long to compare, must not hold up the look at the rules. */
export function createAlertPollers(contextFor: PollerOptions['contextFor'], owner: string): readonly Poller[] {
  return [
    new Poller({
      contextFor,
      runDue: (context) => runDueAlerts(context, owner),
      fault: 'The rules of alerts cannot be looked at',
    }),
    new Poller({
      contextFor,
      runDue: (context) => runDueDeliveries(context, owner),
      fault: 'Which notices are to be sent cannot be asked',
    }),
    new Poller({
      contextFor,
      runDue: (context) => runDueCertificates(context, owner),
      fault: 'Whose certificates are to be looked at cannot be asked',
    }),
    new Poller({
      contextFor,
      runDue: (context) => runDueDrift(context, owner),
      fault: 'Which drifts are to be measured cannot be asked',
    }),
  ]
}
