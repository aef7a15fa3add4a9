/** A Nest service with one POST route that takes a body and answers a constant: the price of HTTP and of Nest alone. */
import 'reflect-metadata';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { Controller, Module, Post, Req } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';

class EmptyController {
  async predict(request: IncomingMessage): Promise<{ status: 'ok' }> {
    request.resume();
    await once(request, 'end');
    return { status: 'ok' };
  }
}
// Decorators by hand: this file runs by type stripping, which leaves no decorator syntax.
Req()(EmptyController.prototype, 'predict', 0);
Post()(
  EmptyController.prototype,
  'predict',
  Object.getOwnPropertyDescriptor(EmptyController.prototype, 'predict') as PropertyDescriptor,
);
Controller('predict')(EmptyController);

// eslint-disable-next-line @typescript-eslint/no-extraneous-class -- a Nest module is an empty class
class EmptyModule {}
Module({ controllers: [EmptyController] })(EmptyModule);

const app = await NestFactory.create(EmptyModule, { logger: false, bodyParser: false });
await app.listen(0, '127.0.0.1');
console.log(JSON.stringify({ message: 'listening', url: await app.getUrl() }));
