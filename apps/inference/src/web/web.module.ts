import { Module } from '@nestjs/common';
import { DocsController } from './docs.controller.ts';
import { PageController } from './page.controller.ts';

/** Pages for people. */
@Module({ controllers: [PageController, DocsController] })
export class WebModule {}
