/**
 * Evaluates Nest before any test is linked. @willsoto/nestjs-prometheus is CommonJS and require()s Nest 12, which is ESM
 * only; Jest runs CommonJS while it still links the importing module, and then calls that a cycle.
 */
import 'reflect-metadata';
import '@nestjs/common';
