import { buildBoard } from './board.ts';
import type { ClassicDashboard } from './classic.ts';
import { controller } from './controller.ts';
import { model } from './model.ts';
import { rollout } from './rollout.ts';
import { service } from './service.ts';

const boards = [service, rollout, model, controller];

/** Every dashboard, by the name of its file: `pawl-service.json`. */
export const dashboards = (): ReadonlyMap<string, ClassicDashboard> =>
  new Map(boards.map((board) => [`pawl-${board.name}.json`, buildBoard(board)]));

/** Where dashboards lie: for people and provisioning, and for the chart, whose templates see no other folder. */
const FOLDERS = ['monitoring/dashboards', 'charts/pawl/files/dashboards'];

/** The files of all dashboards, by path in the repository. */
export const dashboardFiles = (): ReadonlyMap<string, string> =>
  new Map(
    FOLDERS.flatMap((folder) =>
      [...dashboards()].map(([name, board]) => [`${folder}/${name}`, `${JSON.stringify(board, null, 2)}\n`] as const),
    ),
  );
