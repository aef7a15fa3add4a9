import { Module } from '@nestjs/common';
import { ImageScreen } from './image-screen.ts';

/** Checks on uploads before they are queued. */
@Module({ providers: [ImageScreen], exports: [ImageScreen] })
export class PreprocessingModule {}
