import { writeTable } from './support/report.ts';

/** The table is made when all processes have told what they know. */
export default writeTable;
