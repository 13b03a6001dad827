package io.vfio4j.frontend.web;

import io.netty.handler.codec.http.HttpResponseStatus;

/** Why a request gets nothing else, in one sentence for people. */
record Refusal(HttpResponseStatus status, String sentence) {}
