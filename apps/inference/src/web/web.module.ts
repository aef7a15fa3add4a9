import { Module } from '@nestjs/common';
import { PageController } from './page.controller.ts';

/** The page for people. */
@Module({ controllers: [PageController] })
export class WebModule {}
