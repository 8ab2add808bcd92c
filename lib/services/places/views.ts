import type { BackupView } from '../backups/views.ts'
import type { DiffView } from '../diffs/views.ts'
import type { RestoreView } from '../restores/views.ts'
import type { SearchView } from '../searches/views.ts'

/** Where one may want to go, newest first. */
export interface PlacesView {
  readonly backups: readonly Pick<BackupView, 'id' | 'clusterName' | 'takenAt' | 'note'>[]
  readonly diffs: readonly Pick<DiffView, 'id' | 'leftLabel' | 'rightLabel' | 'path' | 'createdAt'>[]
  readonly restores: readonly Pick<RestoreView, 'id' | 'clusterName' | 'sourceLabel' | 'state' | 'createdAt'>[]
  readonly searches: readonly Pick<
    SearchView,
    'id' | 'treeLabel' | 'path' | 'pathPattern' | 'valueForm' | 'valueLength' | 'createdAt'
  >[]
}
