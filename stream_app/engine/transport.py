"""Faust's aiokafka transport with the engine's consumer and producer."""

from faust.transport.drivers import aiokafka as driver

from stream_app.engine.consumer import EngineConsumer
from stream_app.engine.producer import EngineProducer


class EngineTransport(driver.Transport):
    """The transport of an `EngineApp`."""

    Consumer = EngineConsumer
    Producer = EngineProducer
