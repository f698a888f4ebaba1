@main enum Varstored { static func main() {} }
