import type { ValueCase } from './value-case.ts';
import { aroundCases } from './values-around.ts';
import { controllerCases } from './values-controller.ts';
import { httpCases } from './values-http.ts';
import { observationCases } from './values-observation.ts';
import { outsideCases } from './values-outside.ts';
import { podCases } from './values-pods.ts';
import { policyCases } from './values-policy.ts';
import { serviceCases } from './values-service.ts';
import { servingCases } from './values-serving.ts';
import { storeCases } from './values-stores.ts';

/** Every value of the chart. test/chart/values.spec.ts fails when one is missing here. */
export const valueCases: Readonly<Record<string, ValueCase>> = {
  ...aroundCases,
  ...controllerCases,
  ...httpCases,
  ...observationCases,
  ...outsideCases,
  ...podCases,
  ...policyCases,
  ...serviceCases,
  ...servingCases,
  ...storeCases,
};
