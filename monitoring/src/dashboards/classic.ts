/* eslint-disable @typescript-eslint/no-deprecated --
   The SDK would rather have the second schema, which needs Grafana 12; every Grafana since 10 reads the classic one. */
import { type Dashboard, DashboardBuilder } from '@grafana/grafana-foundation-sdk/dashboard';

/** A dashboard in Grafana's classic JSON. */
export type ClassicDashboard = Dashboard;

/** Begins one. */
export const classicDashboard = (title: string) => new DashboardBuilder(title);
