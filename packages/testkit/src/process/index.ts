// Entry `@heddle/testkit/process`: faults between real processes. Node only.

export { TcpProxy, type TcpProxyOptions, type Way, type Weather } from "./tcp-proxy.ts";
